"""The body of `POST /hooks/agent` (contract §3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.hook_actions import (
    AgentAction,
    DeliveryWish,
    SessionWish,
    one_line,
    optional_text,
    timeout_seconds,
    wants_now,
)
from openclaw_ingress.schemas.js import trimmed


def parse_hook_agent(body: Mapping[str, Any]) -> AgentAction:
    """Return the run that a body asks for. Raises InvalidRequest with the texts of the contract."""
    message = trimmed(body.get("message"))
    if not message:
        raise InvalidRequest("message required", param="message")
    return AgentAction(
        message=message,
        name=one_line(trimmed(body.get("name"))),
        agent_id=optional_text(body.get("agentId"), "agentId must be a non-empty string"),
        session=SessionWish(key=trimmed(body.get("sessionKey")) or None, mode=_mode(body)),
        wake_now=wants_now(body.get("wakeMode")),
        delivery=DeliveryWish(
            wanted=body.get("deliver") is not False,
            channel=_channel(body.get("channel")),
            to=optional_text(body.get("to"), "to must be a non-empty string for hook delivery"),
            account_id=optional_text(
                body.get("accountId"), "accountId must be a non-empty string for hook delivery"
            ),
        ),
        model=optional_text(body.get("model"), "model required"),
        thinking=trimmed(body.get("thinking")) or None,
        timeout_s=timeout_seconds(body.get("timeoutSeconds")),
    )


def parse_wait(body: Mapping[str, Any]) -> bool:
    """Return `waitForCompletion`. Raises InvalidRequest for what is no boolean."""
    value = body.get("waitForCompletion", False)
    if not isinstance(value, bool):
        raise InvalidRequest("waitForCompletion must be boolean", param="waitForCompletion")
    return value


def _mode(body: Mapping[str, Any]) -> str | None:
    mode = body.get("sessionMode")
    if mode is None or mode in ("isolated", "persistent"):
        return mode
    raise InvalidRequest("sessionMode must be isolated or persistent", param="sessionMode")


def _channel(value: Any) -> str | None:
    if value is None:
        return None
    # What is no text is no channel's id either; the complaint lists those there are.
    return trimmed(value).lower()
