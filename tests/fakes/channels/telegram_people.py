"""What people do on the fake Telegram, as the Bot API's own objects.

https://core.telegram.org/bots/api#available-types
"""

from __future__ import annotations

from typing import Any, Final

Object = dict[str, Any]

BOT_ID: Final = 123456
BOT_NAME: Final = "openclaw_test_bot"
DATE: Final = 1_700_000_000


def bot() -> Object:
    """Return the bot's own user."""
    return {"id": BOT_ID, "is_bot": True, "first_name": "OpenClaw", "username": BOT_NAME}


def user(number: int, name: str = "Ada", username: str | None = None) -> Object:
    """Return a person."""
    known = {"username": username} if username else {}
    return {"id": number, "is_bot": False, "first_name": name, "language_code": "en", **known}


def private(number: int, name: str = "Ada") -> Object:
    """Return a conversation with a person, which has the person's number."""
    return {"id": number, "type": "private", "first_name": name}


def group(number: int = -1001, title: str = "Team", *, forum: bool = False) -> Object:
    """Return a supergroup."""
    chat: Object = {"id": number, "type": "supergroup", "title": title}
    return {**chat, "is_forum": True} if forum else chat


def channel(number: int = -1009, title: str = "News") -> Object:
    """Return a channel."""
    return {"id": number, "type": "channel", "title": title}


def entity(kind: str, text: str, piece: str, **fields: Any) -> Object:
    """Return an entity over the first `piece` of `text`, in UTF-16 units."""
    before = text[: text.index(piece)]
    return {"type": kind, "offset": _units(before), "length": _units(piece), **fields}


def message(number: int, chat: Object, sender: Object | None = None, **fields: Any) -> Object:
    """Return a message; in a private chat it is the person's, in a channel the channel's."""
    if sender is None and chat["type"] != "channel":
        sender = user(abs(chat["id"]))
    origin: Object = {"sender_chat": chat} if sender is None else {"from": sender}
    return {"message_id": number, "date": DATE + number, "chat": chat, **origin, **fields}


def member(who: Object, status: str) -> Object:
    """Return somebody's state in a chat."""
    return {"user": who, "status": status}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
