"""The body of `POST /hooks/wake` (contract §3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.hook_actions import SessionWish, WakeAction, optional_text, wants_now
from openclaw_ingress.schemas.js import trimmed


def parse_hook_wake(body: Mapping[str, Any]) -> WakeAction:
    """Return the event that a body asks for. Raises InvalidRequest with the contract's texts."""
    text = trimmed(body.get("text"))
    if not text:
        raise InvalidRequest("text required", param="text")
    return WakeAction(
        text=text,
        now=wants_now(body.get("mode")),
        agent_id=optional_text(body.get("agentId"), "agentId must be a non-empty string"),
        session=SessionWish(key=trimmed(body.get("sessionKey")) or None),
    )
