"""From a message to the bodies of Discord's requests. Discord shows Markdown, but no tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import aiohttp
import orjson

from openclaw_channels.attachments import Attachment
from openclaw_channels.base import Message, Part
from openclaw_channels.chunking import chunk_markdown, code_points
from openclaw_channels.discord.settings import DiscordSettings
from openclaw_channels.tables import tables_as_code
from openclaw_common.contracts.delivery import Media

FIRST: Final = "first"
"""In a part's markup: whether it is its message's first."""
TITLE: Final = "title"
"""In a part's markup: what a forum post of the message is called."""

_SUPPRESS_EMBEDS: Final = 1 << 2
_MAX_TITLE: Final = 100
_MAX_NONCE: Final = 25
_MARKERS: Final = re.compile(r"^[#>*\-\s`]+|[*_~`|]+")
_EVERY_PART: Final = frozenset({"all", "batched"})


def parts(message: Message, settings: DiscordSettings) -> list[Part]:
    """Cut a message: texts first, then its attachments, one a part."""
    cut = chunk_markdown(
        tables_as_code(message.text),
        settings.part_limit,
        code_points,
        max_lines=settings.max_lines_per_message,
        each_paragraph=settings.each_paragraph,
    )
    pieces: list[tuple[str, Media | None]] = [(chunk.text, None) for chunk in cut]
    pieces += [("", media) for media in message.media]
    title = _title(message.text)
    return [
        Part(
            text=text,
            media=media,
            reply_to=_reply_to(message, number, settings),
            markup={FIRST: number == 0, TITLE: title},
        )
        for number, (text, media) in enumerate(pieces)
    ]


def _reply_to(message: Message, number: int, settings: DiscordSettings) -> str | None:
    mode = settings.reply_to_mode
    return message.reply_to if mode in _EVERY_PART or (mode == "first" and number == 0) else None


def _title(text: str) -> str:
    return next(_plain_lines(text), "Message")


def _plain_lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        plain = " ".join(_MARKERS.sub("", line).split())[:_MAX_TITLE].strip()
        if plain:
            yield plain


def content(text: str, settings: DiscordSettings) -> dict[str, Any]:
    """Return the fields of a message that is sent, edited or posted."""
    body: dict[str, Any] = {
        "content": text,
        "allowed_mentions": {"parse": list(settings.allowed_mentions), "replied_user": False},
    }
    if settings.suppress_embeds:
        body["flags"] = _SUPPRESS_EMBEDS
    return body


def addressed(body: dict[str, Any], part: Part, send_key: str) -> dict[str, Any]:
    """Return the body of a message to a channel: with what it answers, and the nonce.

    Discord answers a nonce that it has seen within the last minutes with the first message.
    """
    body = {**body, "nonce": send_key[:_MAX_NONCE], "enforce_nonce": True}
    if part.reply_to:
        body["message_reference"] = {"message_id": part.reply_to, "fail_if_not_exists": False}
    return body


def request(
    message: dict[str, Any], file: Attachment | None, *, around: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return `json` or, with a file, `data` of a request.

    `around` is the object of which the message is the field `message`, where it is one.
    """
    if file is not None:
        message = {**message, "attachments": [{"id": 0, "filename": file.filename}]}
    body = message if around is None else {**around, "message": message}
    if file is None:
        return {"json": body}
    form = aiohttp.FormData()
    form.add_field("payload_json", orjson.dumps(body).decode(), content_type="application/json")
    form.add_field("files[0]", file.data, filename=file.filename, content_type=file.mime)
    return {"data": form}
