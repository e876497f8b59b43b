"""From Markdown to Signal's text with styles, and into parts.

Styles are `start:length:STYLE` in UTF-16 units (signal-cli(1), `--text-style`). Links are written
out and tables are lists, as Signal has neither.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from openclaw_channels.base import Message, Part
from openclaw_channels.chunking import utf16_units
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.styled import MessageEntity, Styled, StyledPart, cut, render
from openclaw_channels.tables import tables_as_lists

STYLES: Final = "styles"
"""Key of a part's `markup`: its styles."""

_STYLES: Final[Mapping[str, str]] = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "strikethrough": "STRIKETHROUGH",
    "spoiler": "SPOILER",
    "code": "MONOSPACE",
    "pre": "MONOSPACE",
}
_MARKERS: Final[Mapping[str, str]] = {
    "BOLD": "**",
    "ITALIC": "*",
    "STRIKETHROUGH": "~",
    "SPOILER": "||",
    "MONOSPACE": "`",
}


_SPECIAL: Final = re.compile(r"[*`~|]")
_TOUCHY: Final = ("*", "|", "\\")
"""Behind these, escaped as they are, the container does not see where a style starts or ends."""


def parts(message: Message, settings: SignalSettings) -> list[Part]:
    """Cut a message into parts: attachments first, of which the first carries the first text."""
    styled = _links_written_out(render(tables_as_lists(message.text)))
    texts = cut(styled, settings.part_limit, each_paragraph=settings.each_paragraph)
    found = [Part("", media) for media in message.media]
    if found and texts:
        found[0] = _part(texts.pop(0), found[0])
    found += [_part(text, Part("")) for text in texts]
    return [_addressed(part, number, message, settings) for number, part in enumerate(found)]


def _part(text: StyledPart, part: Part) -> Part:
    styles = [
        f"{entity.offset}:{entity.length}:{_STYLES[entity.type]}"
        for entity in text.entities
        if entity.type in _STYLES
    ]
    return Part(text.text, part.media, markup={STYLES: styles} if styles else {})


def _addressed(part: Part, number: int, message: Message, settings: SignalSettings) -> Part:
    shows = settings.reply_to_mode == "all" or (settings.reply_to_mode != "off" and number == 0)
    reply_to = message.reply_to if shows else None
    return Part(part.text, part.media, reply_to, part.markup)


def _links_written_out(styled: Styled) -> Styled:
    """Put ` (url)` behind the label of each link that is not its own label."""
    places = styled.places
    text, pieces, added = styled.text, [], []
    last = 0
    for entity in sorted(styled.entities, key=lambda e: e.offset + e.length):
        start, end = places[entity.offset], places[entity.offset + entity.length]
        url = entity.url or ""
        if entity.type != "text_link" or text[start:end] in (url, url.removeprefix("mailto:")):
            continue
        written = f" ({url})"
        pieces += [text[last:end], written]
        added.append((entity.offset + entity.length, utf16_units(written)))
        last = end
    return Styled("".join((*pieces, text[last:])), _moved(styled.entities, added))


def _moved(
    entities: Sequence[MessageEntity], added: Sequence[tuple[int, int]]
) -> list[MessageEntity]:
    """Return the entities where `added` (place, length), in order of places, puts them."""
    places = [place for place, _ in added]
    shifts = [0, *accumulate(length for _, length in added)]

    def moved(entity: MessageEntity) -> MessageEntity:
        start = entity.offset + shifts[bisect_right(places, entity.offset)]
        # What is put at the very end of an entity stands behind it.
        end = entity.offset + entity.length
        end += shifts[max(bisect_left(places, end), bisect_right(places, entity.offset))]
        return entity.copy_with(offset=start, length=end - start)

    return [moved(entity) for entity in entities]


@dataclass(frozen=True, slots=True)
class _Style:
    start: int
    end: int
    marker: str


def as_container_markup(text: str, styles: Sequence[str]) -> str:
    """Return text in the markup of the REST container's `text_mode: styled`.

    It cannot nest and takes no style next to another: of such, only the first is kept.
    """
    raw = text.encode("utf-16-le")
    pieces, last = [], 0
    for style in _apart(styles, text):
        pieces.append(_escaped(_cut_out(raw, last, style.start)))
        pieces += [style.marker, _escaped(_cut_out(raw, style.start, style.end)), style.marker]
        last = style.end
    return "".join((*pieces, _escaped(_cut_out(raw, last, len(raw) // 2))))


def _apart(styles: Sequence[str], text: str) -> Iterator[_Style]:
    raw = text.encode("utf-16-le")
    last = -1
    for style in sorted(map(_read, styles), key=lambda s: (s.start, -s.end)):
        before = _cut_out(raw, style.start - 1, style.start)
        inside = _cut_out(raw, style.start, style.end)
        if style.start <= last or before in _TOUCHY or inside[-1] in _TOUCHY:
            continue
        last = style.end
        yield style


def _read(style: str) -> _Style:
    start, length, name = style.split(":")
    return _Style(int(start), int(start) + int(length), _MARKERS[name])


def _cut_out(raw: bytes, start: int, end: int) -> str:
    return raw[max(start, 0) * 2 : end * 2].decode("utf-16-le", "replace")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
