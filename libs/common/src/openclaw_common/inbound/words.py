"""What the agent reads of a message, and what people are told without one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from openclaw_common.contracts.inbound import IMAGE, Attachment, InboundMessage, Sender

NOTHING_TO_STOP: Final = "Nothing is running here."
STOPPED: Final = "Stopped."
LANE_FULL: Final = (
    "Too many messages wait for an answer here, so this one was not taken. Please send it again"
    " when some are answered."
)
BUSY: Final = "An answer is being written here; please send this again when it is there."
PAIRING: Final = (
    "This assistant does not know you yet.\n\nYour {channel} id: {sender}\nPairing code: `{code}`\n"
    "\nAsk its owner to approve you with:\n`openclaw-gateway pairing approve {channel} {code}`"
)
APPROVED: Final = "You were let in. Send a message to begin."
_NAME_CHARS: Final = 64
_JOINER: Final = "\u200d"
"""Of the pieces of an emoji."""
_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("()[]:", " "))
QUOTED_CHARS: Final = 1000
"""Length of a quoted message, in characters; the rest is cut off."""


def label(sender: Sender) -> str:
    """Return how a sender is called in a group, whatever people call themselves."""
    name, username = _name(sender.name), _name(sender.username)
    handle = f"@{username}" if username else sender.id
    return f"{name} ({handle})" if name else handle


def message_text(message: InboundMessage, text: str) -> str:
    """Return the message as the agent reads it; `text` is what was written, without a command.

    Of a group's, further lines are indented, so that none can pass for somebody else's.
    """
    parts = [text] if text else []
    parts += map(described, message.attachments)
    if message.reply_text:
        quoted = message.reply_text[:QUOTED_CHARS]
        parts.append(f"[in reply to: {quoted}]")
    whole = "\n".join(parts)
    if message.chat_kind == "direct":
        return whole
    return "\n  ".join(f"{label(message.sender)}: {whole}".splitlines())


def history_line(message: InboundMessage, most: int) -> str:
    """Return an unaddressed message of a group as its agent is shown it later."""
    text = message_text(message, message.text)
    return text if len(text) <= most else text[: most - 1] + "…"


def described(attachment: Attachment) -> str:
    """Return what an agent reads in place of a file that it is not shown."""
    facts = [fact for fact in (attachment.name, attachment.mime, _size(attachment.size)) if fact]
    if attachment.note:
        facts.append(attachment.note)
    return f"[{attachment.kind}: {', '.join(facts)}]" if facts else f"[{attachment.kind}]"


def shown(attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Return those that a model is shown."""
    return tuple(item for item in attachments if item.kind == IMAGE and item.reference)


def mentioned(text: str, patterns: Sequence[str]) -> bool:
    """Whether one of the configured patterns is in a text."""
    return any(found.search(text) for found in map(_pattern, patterns) if found)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return None


def _name(text: str | None) -> str:
    """Return a name without what could end a label or turn the direction of reading."""
    usable = (char if char.isprintable() or char == _JOINER else " " for char in text or "")
    return " ".join("".join(usable).translate(_NOT_IN_NAMES).split())[:_NAME_CHARS]


def _size(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size} bytes" if size < 1024 else f"{round(size / 1024)} KiB"
