"""Replies that say nothing: what of a run's output is for people (contract §5.3).

The agent worker sends by this rule, and the ingress tells by it how a run ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NO_RESPONSE: Final = "No response from OpenClaw."
"""What a client is shown in place of an empty reply (contract §1.1)."""
NO_REPLY: Final = "NO_REPLY"
"""What an agent answers that has nothing to say."""
HEARTBEAT_OK: Final = "HEARTBEAT_OK"
"""What it may answer to a heartbeat; it is taken off the ends of any reply."""
HEARTBEAT: Final = "heartbeat"
"""The source of a run that a heartbeat or a wake started."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be said; `suppressed` is why nothing is: `silent`, `heartbeat` or `empty`."""

    text: str
    suppressed: str | None = None


def reply_of(output: str, source: str, heartbeat_ack_chars: int) -> Reply:
    """Return what people are to see of `output`.

    A heartbeat's reply that held HEARTBEAT_OK is dropped whole when no more than
    `heartbeat_ack_chars` characters are left of it.
    """
    text = output.strip()
    if text == NO_REPLY:
        return Reply("", "silent")
    if text in ("", NO_RESPONSE):
        return Reply("", "empty")
    left = _without_ack(text)
    if left == text:
        return Reply(text)
    if not left or (source == HEARTBEAT and len(left) <= heartbeat_ack_chars):
        return Reply("", "heartbeat")
    return Reply(left)


def _without_ack(text: str) -> str:
    while text.startswith(HEARTBEAT_OK):
        text = text.removeprefix(HEARTBEAT_OK).lstrip()
    while text.endswith(HEARTBEAT_OK):
        text = text.removesuffix(HEARTBEAT_OK).rstrip()
    return text
