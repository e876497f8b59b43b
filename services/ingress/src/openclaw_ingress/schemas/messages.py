"""`messages` of a chat body as a conversation (contract §1.1, message content).

The current message is the last user or tool turn; what follows it is dropped, what precedes it is
history. Turns travel as they are: the worker renders the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import ToolCall, Turn
from openclaw_ingress.schemas import js

DETAILS: Final = frozenset({"auto", "low", "high", "original"})
"""How closely OpenAI's models look at an image; any other word is passed over."""
IMAGE_ONLY_TEXT: Final = "User sent image(s) with no text."
_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_TURN_ROLES: Final = {"user": "user", "assistant": "assistant", "tool": "tool", "function": "tool"}
_CURRENT_ROLES: Final = frozenset({"user", "tool"})


@dataclass(frozen=True, slots=True)
class Conversation:
    """What `messages` says; `image_urls` are those of the current message, in order.

    `image_details` are how closely each is to be looked at, None where the client says nothing.
    """

    message: Turn
    history: tuple[Turn, ...]
    system: str | None
    image_urls: tuple[str, ...]
    image_details: tuple[str | None, ...]


def invalid_image() -> InvalidRequest:
    """Return the one complaint about images; it does not say which fault, as contract §1.1."""
    return InvalidRequest("Invalid image_url content in `messages`.", param="messages")


def parse_messages(value: Any) -> Conversation:
    """Return the conversation; raises InvalidRequest.

    Roles that are not known and entries that are no objects are dropped.
    """
    if value is None:
        raise _missing_user_message()
    if not isinstance(value, list):
        raise js.wrong_type("messages", "array", value)
    messages = [message for message in value if isinstance(message, dict)]
    active = _active(messages)
    images = _image_parts(active) if active is not None and _role(active) == "user" else ()
    image_urls = tuple(map(_image_url, images))
    turns = [
        turn
        for message in messages
        if (turn := _turn(message, has_image=message is active and bool(image_urls))) is not None
    ]
    while turns and turns[-1].role not in _CURRENT_ROLES:
        turns.pop()
    if not turns:
        raise _missing_user_message()
    return Conversation(
        turns[-1],
        tuple(turns[:-1]),
        _system(messages),
        image_urls,
        tuple(map(_image_detail, images)),
    )


def _missing_user_message() -> InvalidRequest:
    return InvalidRequest("Missing user message in `messages`.", param="messages")


def _role(message: dict[str, Any]) -> str:
    return _TURN_ROLES.get(js.trimmed(message.get("role")), "")


def _active(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((m for m in reversed(messages) if _role(m) in _CURRENT_ROLES), None)


def _system(messages: list[dict[str, Any]]) -> str | None:
    texts = (
        _text(message.get("content"))
        for message in messages
        if js.trimmed(message.get("role")) in _SYSTEM_ROLES
    )
    return "\n\n".join(text for text in texts if text) or None


def _turn(message: dict[str, Any], *, has_image: bool) -> Turn | None:
    role = _role(message)
    text = _text(message.get("content"))
    if role == "user" and not text and has_image:
        text = IMAGE_ONLY_TEXT
    if role == "assistant":
        calls = tuple(_tool_calls(message.get("tool_calls")))
        return Turn(role, text or "", tool_calls=calls) if text or calls else None
    if role != "tool":
        return Turn(role, text) if role and text else None
    call_id = js.trimmed(message.get("tool_call_id")) or None
    name = js.trimmed(message.get("name")) or None
    # A tool may well have nothing to say: its turn counts where it says whose result it is.
    if not text and (text is None or not (call_id or name)):
        return None
    return Turn(role, text or "", tool_call_id=call_id, name=name)


def _text(content: Any) -> str | None:
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, list):
        return "\n".join(part for part in map(_part_text, content) if part).strip()
    return None


def _part_text(part: Any) -> str:
    if not isinstance(part, dict):
        return ""
    if part.get("type") in ("text", "input_text") and isinstance(part.get("text"), str):
        text: str = part["text"]
        return text
    input_text = part.get("input_text")
    return input_text if isinstance(input_text, str) else ""


def _tool_calls(value: Any) -> Iterator[ToolCall]:
    for call in value if isinstance(value, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            continue
        call_id, name = js.trimmed(call.get("id")), js.trimmed(function.get("name"))
        if call_id and name:
            yield ToolCall(call_id, name, _arguments(function.get("arguments")))


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def _image_parts(message: dict[str, Any]) -> tuple[Any, ...]:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return tuple(
        part.get("image_url")
        for part in parts
        if isinstance(part, dict) and part.get("type") == "image_url"
    )


def _image_detail(value: Any) -> str | None:
    detail = value.get("detail") if isinstance(value, dict) else None
    return detail if isinstance(detail, str) and detail in DETAILS else None


def _image_url(value: Any) -> str:
    url = js.trimmed(value.get("url") if isinstance(value, dict) else value)
    if not url:
        raise invalid_image()
    return url
