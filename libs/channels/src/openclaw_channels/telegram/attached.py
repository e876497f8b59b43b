"""What is beside the words of a message: files, places, people, and what becomes a line of text.

Fields are those of https://core.telegram.org/bots/api#message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from openclaw_channels.said import Said
from openclaw_common.contracts.inbound import IMAGE, Attachment

_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "animation": ("video", "video/mp4"),
    "audio": ("audio", "audio/mpeg"),
    "document": ("document", ""),
    "video": ("video", "video/mp4"),
    "video_note": ("video", "video/mp4"),
    "voice": ("audio", "audio/ogg"),
}
"""Fields with one file: its kind, and its media type where Telegram does not say it."""


def read_attachments(message: Said) -> tuple[Attachment, ...]:
    """Return the files, places and people of a message."""
    return tuple(_attachments(message))


def read_lines(message: Said) -> list[str]:
    """Return what is no file and has no words of its own, as lines for a model."""
    found = ((read, message.part(name)) for name, read in _LINES.items())
    return [read(part) for read, part in found if part is not None]


def _attachments(message: Said) -> Iterator[Attachment]:
    if photo := _largest(message.parts("photo")):
        yield _file(photo, IMAGE, "image/jpeg")
    # An animation comes as a document too, for clients that do not know it.
    names = [name for name in _FILES if name != "document" or not message.has("animation")]
    for name in names:
        if (part := message.part(name)) is not None:
            kind, mime = _FILES[name]
            yield _file(part, kind, mime, _heard(name, part))
    if (sticker := message.part("sticker")) is not None:
        yield _sticker(sticker)
    if (live := message.part("live_photo")) and not message.has("photo"):
        yield _file(live, "video", "video/mp4")
    if (venue := message.part("venue")) is not None:
        yield Attachment("location", note=_venue(venue))
    elif (place := message.part("location")) is not None:
        yield Attachment("location", note=_coordinates(place))
    if (contact := message.part("contact")) is not None:
        yield Attachment("contact", note=_contact(contact))


def _file(part: Said, kind: str, mime: str, note: str = "") -> Attachment:
    mime = part.text("mime_type") or mime
    if kind == "document" and mime.startswith("image/"):
        kind = IMAGE
    return Attachment(
        kind,
        reference=part.text("file_id"),
        mime=mime,
        name=part.text("file_name"),
        size=part.whole("file_size"),
        note=note,
    )


def _largest(sizes: list[Said]) -> Said | None:
    return max(
        sizes,
        key=lambda size: (size.whole("width") or 0) * (size.whole("height") or 0),
        default=None,
    )


def _sticker(sticker: Said) -> Attachment:
    moving = {"is_animated": "application/x-tgsticker", "is_video": "video/webm"}
    mime = next((mime for name, mime in moving.items() if sticker.flag(name)), "image/webp")
    return _file(sticker, "sticker", mime, sticker.text("emoji"))


def _heard(name: str, part: Said) -> str:
    """Return what is known of a sound or a film without having it."""
    words = [part.text("performer"), part.text("title")]
    kind = {"voice": "voice message", "video_note": "video message"}.get(name, "")
    seconds = part.whole("duration")
    length = f"{seconds} s" if seconds is not None else ""
    return ", ".join(word for word in (kind, *words, length) if word)


def _coordinates(place: Said) -> str:
    latitude, longitude = place.number("latitude"), place.number("longitude")
    return f"latitude {latitude}, longitude {longitude}"


def _venue(venue: Said) -> str:
    place = venue.part("location")
    words = (venue.text("title"), venue.text("address"), _coordinates(place) if place else "")
    return ", ".join(word for word in words if word)


def _contact(contact: Said) -> str:
    name = f"{contact.text('first_name')} {contact.text('last_name')}".strip()
    return ", ".join(word for word in (name, contact.text("phone_number")) if word)


def _dice(dice: Said) -> str:
    return f"[Dice: {dice.text('emoji')} {dice.whole('value')}]"


def _poll(poll: Said) -> str:
    options = " / ".join(option.text("text") for option in poll.parts("options"))
    return f"[Poll: {poll.text('question')} — {options}]"


def _checklist(checklist: Said) -> str:
    tasks = " / ".join(task.text("text") for task in checklist.parts("tasks"))
    return f"[Checklist: {checklist.text('title')} — {tasks}]"


def _game(game: Said) -> str:
    return f"[Game: {game.text('title')}]"


def _story(_: Said) -> str:
    return "[Forwarded story]"


def _paid(_: Said) -> str:
    return "[Paid media]"


_LINES: Final[Mapping[str, Callable[[Said], str]]] = {
    "checklist": _checklist,
    "dice": _dice,
    "game": _game,
    "paid_media": _paid,
    "poll": _poll,
    "story": _story,
}
