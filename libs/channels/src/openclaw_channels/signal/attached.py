"""What is beside the words of a Signal message (signal-cli, JsonDataMessage)."""

from __future__ import annotations

from collections.abc import Iterator

from openclaw_channels.payloads import kind_of
from openclaw_channels.said import Said
from openclaw_common.contracts.inbound import Attachment


def read_attachments(data: Said) -> tuple[Attachment, ...]:
    """Return the files, stickers and people of a message."""
    return tuple(_attachments(data))


def read_lines(data: Said) -> list[str]:
    """Return what is no file and has no words of its own, as lines for a model."""
    poll = data.part("pollCreate")
    if poll is None:
        return []
    options = " / ".join(poll.texts("options"))
    return [f"[Poll: {poll.text('question')} — {options}]"]


def _attachments(data: Said) -> Iterator[Attachment]:
    for item in data.parts("attachments"):
        mime = item.text("contentType")
        yield Attachment(
            kind_of(mime),
            reference=item.text("id"),
            mime=mime,
            name=item.text("filename"),
            size=item.whole("size"),
            note=item.text("caption"),
        )
    if data.has("sticker"):
        # signal-cli gives out no sticker's picture.
        yield Attachment("sticker")
    for contact in data.parts("contacts"):
        yield Attachment("contact", note=_contact(contact))


def _contact(contact: Said) -> str:
    name = contact.part("name")
    shown = ""
    if name is not None:
        parts = (name.text("given"), name.text("family"))
        shown = " ".join(filter(None, parts)) or name.text("nickname")
    phones = (phone.text("value") for phone in contact.parts("phone"))
    return ", ".join(filter(None, (shown, contact.text("organization"), *phones)))
