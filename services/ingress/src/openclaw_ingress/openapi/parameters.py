"""Parameters that more than one operation takes."""

from __future__ import annotations

from typing import Final

from openclaw_ingress.cursor_list import PAGE_DEFAULT, PAGE_MAX
from openclaw_ingress.openapi.model import Parameter
from openclaw_ingress.schemas.deliveries import MAX_FILTER_CHARS

# Numbers as text, because an empty value counts as none.
TIME: Final = {"type": "string", "pattern": "^[0-9]{0,12}$"}
SEQUENCE: Final = {"type": "string", "pattern": "^[0-9]{0,15}$"}
FILTER: Final = {"type": "string", "maxLength": MAX_FILTER_CHARS}
FLAG: Final = {"type": "string", "description": "`true` or `1` for yes; anything else is no."}

LIMIT: Final = Parameter(
    "limit",
    "How many items a page may have.",
    {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE_DEFAULT},
)
AFTER: Final = Parameter("after", "The id behind which the page begins.", {"type": "string"})
BEFORE: Final = Parameter(
    "before", "The id before which the page ends; not together with `after`.", {"type": "string"}
)
ORDER: Final = Parameter(
    "order", "Newest first, or oldest first.", {"enum": ["desc", "asc"], "default": "desc"}
)
CURSOR: Final = (LIMIT, AFTER, BEFORE)
ORDERED: Final = (*CURSOR, ORDER)

AGENT_ID: Final = Parameter("agent_id", "Of this agent only.", {"type": "string"})
SESSION_AGENT: Final = Parameter(
    "agent_id", "Whose session a key without `agent:<id>:` means.", {"type": "string"}
)
CANCEL: Final = Parameter("cancel", "Cancel the session's runs first.", FLAG)
STREAM: Final = Parameter("stream", "Answer with the events, as they come.", FLAG)
STARTING_AFTER: Final = Parameter(
    "starting_after", "The sequence number behind which events go on.", SEQUENCE
)
LAST_EVENT_ID: Final = Parameter(
    "Last-Event-ID", "As `starting_after`, which it wins over.", SEQUENCE, "header"
)
RESUME: Final = (STARTING_AFTER, LAST_EVENT_ID)
IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    "Equal keys with equal bodies are one run.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "header",
)
ON_DISCONNECT: Final = Parameter(
    "x-openclaw-on-disconnect",
    "What becomes of the run when its last reader leaves.",
    {"enum": ["cancel", "continue"], "default": "cancel"},
    "header",
)
ROUTING: Final = (
    Parameter("x-openclaw-agent-id", "The agent that answers.", {"type": "string"}, "header"),
    Parameter("x-openclaw-session-key", "The session.", {"type": "string"}, "header"),
    Parameter(
        "x-openclaw-model",
        "`provider/model` in place of the agent's; needs `operator.admin`.",
        {"type": "string"},
        "header",
    ),
    Parameter(
        "x-openclaw-message-channel",
        "The channel that the message is said to come from.",
        {"type": "string"},
        "header",
    ),
)


def path_parameter(name: str) -> Parameter:
    """Return the parameter of a path under its name in the route table."""
    described = {"id": "The object's id.", "key": "The session's key, percent-encoded."}
    text = described.get(name, "The part of the path that chooses the mapping.")
    return Parameter(name, text, {"type": "string", "minLength": 1}, "path")
