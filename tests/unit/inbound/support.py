"""A message, and the rules of an account, in as few words as a test needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from openclaw_common.contracts.inbound import InboundMessage, Sender
from openclaw_common.inbound.rules import AccountRules

DIRECT = InboundMessage(
    channel="telegram",
    account_id="default",
    event_id="1",
    kind="message",
    chat_kind="direct",
    chat_id="7",
    to="7",
    sender=Sender("7", "Alice", "alice"),
    text="hello",
    sent_at_ms=0,
)


def direct(**fields: Any) -> InboundMessage:
    """A direct message of person 7."""
    return replace(DIRECT, **fields)


def group(**fields: Any) -> InboundMessage:
    """A message of person 7 in the group -100."""
    return replace(DIRECT, **{"chat_kind": "group", "chat_id": "-100", "to": "-100", **fields})


def rules(channel: str = "telegram", **settings: Any) -> AccountRules:
    """What the account says."""
    return AccountRules(channel, "default", settings, {})
