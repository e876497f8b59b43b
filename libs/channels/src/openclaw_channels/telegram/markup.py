"""From Markdown to Telegram's text with entities, and into parts.

Entities instead of a parse mode: nothing has to be escaped, and nothing can fail to parse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import pyromark
from telegramify_markdown import MessageEntity, RenderConfig, convert

from openclaw_channels.base import Message, Part
from openclaw_channels.chunking import Chunk, chunk_spans, utf16_units
from openclaw_channels.telegram.settings import MAX_CAPTION, TelegramSettings

ENTITIES: Final = "entities"
"""Key of a part's `markup`: its MessageEntity objects."""

_MAX_PASSES: Final = 16
_OPTIONS: Final = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
_KEPT_TAGS: Final = ("<tg-spoiler>", "</tg-spoiler>")
_LINK_SCHEMES: Final = ("http://", "https://", "tg://")


@dataclass(frozen=True, slots=True)
class Styled:
    """Text and its entities, whose offsets count UTF-16 units."""

    text: str
    entities: Sequence[MessageEntity] = ()


def parts(message: Message, settings: TelegramSettings) -> list[Part]:
    """Cut a message into parts: attachments first, of which the first carries the first text."""
    styled = render(message.text)
    texts = list(_texts(styled, settings, captioned=bool(message.media)))
    captions = texts[:1] if message.media else []
    found = [
        Part(
            text=captions[number].text if number < len(captions) else "",
            media=media,
            markup=captions[number].markup if number < len(captions) else {},
        )
        for number, media in enumerate(message.media)
    ]
    found += texts[len(captions) :]
    return [_addressed(part, number, message, settings) for number, part in enumerate(found)]


def _addressed(part: Part, number: int, message: Message, settings: TelegramSettings) -> Part:
    shows = settings.reply_to_mode == "all" or (settings.reply_to_mode != "off" and number == 0)
    reply_to = message.reply_to if shows else None
    return Part(part.text, part.media, reply_to, part.markup)


def _texts(styled: Styled, settings: TelegramSettings, *, captioned: bool) -> Iterator[Part]:
    limit = settings.part_limit
    whole = _Cutting(styled)
    start = 0
    if captioned:
        first = whole.chunks(0, min(limit, MAX_CAPTION), each_paragraph=False)[:1]
        yield from map(whole.part, first)
        rest = styled.text[first[0].end :] if first else ""
        start = len(styled.text) - len(rest.lstrip(" \t"))
    chunks = whole.chunks(start, limit, each_paragraph=settings.each_paragraph)
    yield from map(whole.part, chunks)


class _Cutting:
    """Cuts styled text and gives each part its share of the entities."""

    def __init__(self, styled: Styled) -> None:
        self._text = styled.text
        self._entities = styled.entities
        self._units = [0, *accumulate(1 + (ord(c) > 0xFFFF) for c in styled.text)]
        self._places = {unit: place for place, unit in enumerate(self._units)}

    def chunks(self, start: int, limit: int, *, each_paragraph: bool) -> list[Chunk]:
        spans = [
            (
                max(self._places[entity.offset] - start, 0),
                max(self._places[entity.offset + entity.length] - start, 0),
                entity.type == "pre",
            )
            for entity in self._entities
        ]
        found = chunk_spans(
            self._text[start:], limit, utf16_units, spans, each_paragraph=each_paragraph
        )
        return [Chunk(chunk.text, chunk.start + start, chunk.end + start) for chunk in found]

    def part(self, chunk: Chunk) -> Part:
        start, end = self._units[chunk.start], self._units[chunk.end]
        entities = [
            entity.copy_with(offset=first - start, length=last - first).to_dict()
            for entity in self._entities
            if (first := max(entity.offset, start)) < (last := min(_end(entity), end))
        ]
        return Part(chunk.text, markup={ENTITIES: entities} if entities else {})


def _end(entity: MessageEntity) -> int:
    return entity.offset + entity.length


def render(markdown: str) -> Styled:
    """Return Markdown as Telegram shows it; text that would be lost by it comes as it is."""
    clean = markdown.encode("utf-8", "replace").decode()
    shown = _html_as_text(clean)
    if shown is None:
        return Styled(clean)
    config = RenderConfig.isolated()
    symbol = config.markdown_symbol
    symbol.heading_level_1 = symbol.heading_level_2 = ""
    symbol.heading_level_3 = symbol.heading_level_4 = ""
    text, entities = convert(shown, latex_escape=False, config=config)
    if not text.strip():
        return Styled(clean)
    return Styled(text, [entity for entity in entities if _is_known(entity)])


def _is_known(entity: MessageEntity) -> bool:
    """Whether Telegram takes the entity: other links stay as their label."""
    return entity.type != "text_link" or (entity.url or "").lower().startswith(_LINK_SCHEMES)


def _html_as_text(markdown: str) -> str | None:
    """Escape what CommonMark takes for HTML, as the converter drops it (`List<String>`).

    None when it goes on for too long.
    """
    for _ in range(_MAX_PASSES):
        if "<" not in markdown:
            return markdown
        raw = markdown.encode()
        tags = sorted(set(_tags(markdown, raw)))
        if not tags:
            return markdown
        ends = [0, *tags], [*tags, len(raw)]
        pieces = [raw[start:end] for start, end in zip(*ends, strict=True)]
        markdown = b"\\".join(pieces).decode()
    return None


def _tags(markdown: str, raw: bytes) -> Iterator[int]:
    """Yield the byte offsets of `<` that begin HTML."""
    for event, place in pyromark.events_with_range(markdown, options=_OPTIONS):
        if not isinstance(event, dict):
            continue
        if event.get("Start") == "HtmlBlock" or (
            "InlineHtml" in event and event["InlineHtml"] not in _KEPT_TAGS
        ):
            yield raw.index(b"<", place["start"])
