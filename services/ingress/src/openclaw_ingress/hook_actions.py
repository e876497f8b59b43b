"""What a webhook asks for once it is understood: a run, or a system event (contract §3.3 to §3.5).

Both the bodies of `/hooks/agent` and `/hooks/wake` and the mappings end here, and are held to the
same rules from here on.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.schemas.js import number, trimmed

DEFAULT_NAME: Final = "Hook"
MAX_NAME_CHARS: Final = 200
NEXT_HEARTBEAT: Final = "next-heartbeat"
LAST: Final = "last"


@dataclass(frozen=True, slots=True)
class SessionWish:
    """Which session a webhook asks for, as it asks.

    `external` tells that the sender had a say in the key, directly or through a template. No
    `mode` leaves it to whether there is a key.
    """

    key: str | None = None
    external: bool = True
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryWish:
    """Where the result is to go, as the webhook or its mapping says; `wanted` is `deliver`."""

    wanted: bool = True
    channel: str | None = None
    to: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class AgentAction:
    """A run to start. `trusted` leaves out the marks of a stranger's message."""

    message: str
    name: str = DEFAULT_NAME
    agent_id: str | None = None
    session: SessionWish = SessionWish()
    wake_now: bool = True
    delivery: DeliveryWish = DeliveryWish()
    model: str | None = None
    thinking: str | None = None
    timeout_s: int | None = None
    trusted: bool = False
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class WakeAction:
    """A system event for a session; with `now` its agent looks at it at once."""

    text: str
    now: bool = True
    agent_id: str | None = None
    session: SessionWish = SessionWish()
    mapped: bool = False


def one_line(text: str, default: str = DEFAULT_NAME) -> str:
    """Return a name fit to stand in a line of its own: it cannot begin another one."""
    plain = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(plain.split())[:MAX_NAME_CHARS] or default


def optional_text(value: Any, complaint: str) -> str | None:
    """Return a trimmed text, None for null; raises InvalidRequest(`complaint`) for anything else.

    A blank text is something else.
    """
    if value is None:
        return None
    if not trimmed(value):
        raise InvalidRequest(complaint)
    return trimmed(value)


def timeout_seconds(value: Any) -> int | None:
    """Return whole seconds from a positive number, None for what is none (contract §3.4)."""
    seconds = number(value)
    if seconds is None or not 1 <= seconds < 1e9:
        return None
    return int(seconds)


def wants_now(value: Any) -> bool:
    """Whether a wake mode is `now`, which everything but `next-heartbeat` is."""
    return bool(trimmed(value) != NEXT_HEARTBEAT)
