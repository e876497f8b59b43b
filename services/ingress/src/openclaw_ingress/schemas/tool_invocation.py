"""The body of `/tools/invoke` in both its shapes (contract §1.5, §2 row 7)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import ErrorBody, GatewayError
from openclaw_common.contracts.ids import agent_of
from openclaw_common.contracts.run import RunRequest, ToolInvocation, Turn
from openclaw_common.runtime.config import Config, normalise_agent_id
from openclaw_ingress.session_keys import MAX_KEY_CHARS

MESSAGE_CHANNEL: Final = "x-openclaw-message-channel"
MAX_IDEMPOTENCY_KEY_CHARS: Final = 255
SOURCE: Final = "tool"
_MAIN: Final = "main"


class InvalidInvocation(GatewayError):
    """The body does not say which tool to call, or for whom."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorBody(400, "invalid_request", message))


@dataclass(frozen=True, slots=True)
class ToolInvocationRequest:
    """A call as a run. `fingerprint` tells equal calls; no `idempotency_key` is an empty string."""

    run: RunRequest
    idempotency_key: str
    fingerprint: str


def parse_tool_invocation(
    body: Mapping[str, Any], headers: Mapping[str, str], config: Config, *, by_owner: bool
) -> ToolInvocationRequest:
    """Return the call that a body asks for. Raises InvalidInvocation.

    `name` wins over `tool`. What is no object counts as no arguments. A `sessionKey` without
    `agent:<id>:` lands under the agent.
    """
    name = _text(body, "name") or _text(body, "tool")
    if not name:
        raise InvalidInvocation("tools.invoke requires name")
    arguments = _arguments(body)
    agent_id, session_key = _session(body, config)
    key = _text(body, "idempotencyKey")
    if len(key) > MAX_IDEMPOTENCY_KEY_CHARS:
        raise InvalidInvocation(
            f"`idempotencyKey` is limited to {MAX_IDEMPOTENCY_KEY_CHARS} characters."
        )
    call_number = str(uuid.uuid4())
    action = _text(body, "action") or None
    invocation = ToolInvocation(
        name=name,
        arguments=orjson.dumps(arguments).decode(),
        session_key=session_key,
        call_id=f"http-{agent_id}-{key or call_number}",
        action=action,
        by_owner=by_owner,
    )
    told = [name, arguments, agent_id, session_key, action]
    fingerprint = hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
    run = RunRequest(
        agent_id=agent_id,
        # A call is no turn of the session's conversation, so it waits for none of them.
        session_key=f"agent:{agent_id}:tool:{call_number}",
        source=SOURCE,
        model="openclaw",
        message=Turn("user", ""),
        message_channel=headers.get(MESSAGE_CHANNEL, "").strip() or "webchat",
        tool=invocation,
    )
    return ToolInvocationRequest(run, key, fingerprint)


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInvocation(f"`{key}` must be a string.")
    return value.strip()


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    args, params = (body.get(key) for key in ("args", "params"))
    given = [value for value in (args, params) if isinstance(value, dict)]
    if len(given) == 2 and given[0] != given[1]:
        raise InvalidInvocation("`args` and `params` differ; send one of them.")
    return given[0] if given else {}


def _session(body: Mapping[str, Any], config: Config) -> tuple[str, str]:
    key = _text(body, "sessionKey") or _MAIN
    if len(key) > MAX_KEY_CHARS:
        raise InvalidInvocation(f"`sessionKey` is limited to {MAX_KEY_CHARS} characters.")
    asked, of_session = _text(body, "agentId"), agent_of(key)
    wanted = normalise_agent_id(asked) if asked else None
    if asked and wanted is None:
        raise InvalidInvocation(f"Unknown agent '{asked}'.")
    if wanted and of_session and wanted != of_session:
        raise InvalidInvocation(f'agent id "{wanted}" does not match session agent "{of_session}"')
    agent_id = wanted or of_session or config.agents.default_id
    if agent_id not in config.agents.entries:
        raise InvalidInvocation(f"Unknown agent '{agent_id}'.")
    return agent_id, key if of_session else f"agent:{agent_id}:{key}"
