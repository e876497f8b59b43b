"""Markdown as plain text and entities, for platforms that format by offsets; and its cutting.

Offsets count UTF-16 units. Entities instead of markup: nothing has to be escaped, and nothing can
fail to parse.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import pyromark
from telegramify_markdown import MessageEntity, RenderConfig, convert

from openclaw_channels.chunking import Chunk, chunk_spans, utf16_units

__all__ = ["MessageEntity", "Styled", "StyledPart", "cut", "render"]

_MAX_PASSES: Final = 16
_OPTIONS: Final = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
_KEPT_TAGS: Final = ("<tg-spoiler>", "</tg-spoiler>")


@dataclass(frozen=True, slots=True)
class Styled:
    """Text and its entities."""

    text: str
    entities: Sequence[MessageEntity] = ()

    @property
    def places(self) -> dict[int, int]:
        """Code points by UTF-16 units."""
        return {unit: place for place, unit in enumerate(_units(self.text))}


@dataclass(frozen=True, slots=True)
class StyledPart:
    """One part and its share of the entities."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


def cut(
    styled: Styled, limit: int, *, first_limit: int | None = None, each_paragraph: bool = False
) -> list[StyledPart]:
    """Cut into parts of at most `limit` UTF-16 units, the first of at most `first_limit`."""
    cutting = _Cutting(styled)
    start, found = 0, []
    if first_limit is not None:
        found = cutting.chunks(0, min(limit, first_limit), each_paragraph=False)[:1]
        rest = styled.text[found[0].end :] if found else ""
        start = len(styled.text) - len(rest.lstrip(" \t"))
    found += cutting.chunks(start, limit, each_paragraph=each_paragraph)
    return [cutting.part(chunk) for chunk in found]


class _Cutting:
    def __init__(self, styled: Styled) -> None:
        self._text = styled.text
        self._entities = sorted(styled.entities, key=lambda entity: entity.offset)
        self._starts = [entity.offset for entity in self._entities]
        self._reached = list(accumulate(map(_end, self._entities), max))
        self._units = _units(styled.text)
        self._places = styled.places

    def chunks(self, start: int, limit: int, *, each_paragraph: bool) -> list[Chunk]:
        spans = [
            (
                max(self._places[entity.offset] - start, 0),
                max(self._places[_end(entity)] - start, 0),
                entity.type == "pre",
            )
            for entity in self._entities
        ]
        found = chunk_spans(
            self._text[start:], limit, utf16_units, spans, each_paragraph=each_paragraph
        )
        return [Chunk(chunk.text, chunk.start + start, chunk.end + start) for chunk in found]

    def part(self, chunk: Chunk) -> StyledPart:
        start, end = self._units[chunk.start], self._units[chunk.end]
        entities = (
            entity.copy_with(offset=first - start, length=last - first)
            for entity in self._entities[
                bisect_right(self._reached, start) : bisect_left(self._starts, end)
            ]
            if (first := max(entity.offset, start)) < (last := min(_end(entity), end))
        )
        return StyledPart(chunk.text, tuple(entities))


def _units(text: str) -> list[int]:
    """Return the UTF-16 offset of each code point and of the end."""
    return [0, *accumulate(1 + (ord(c) > 0xFFFF) for c in text)]


def _end(entity: MessageEntity) -> int:
    return entity.offset + entity.length


def render(markdown: str) -> Styled:
    """Return what Markdown looks like; text of which nothing would be left comes as it is."""
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
    return Styled(text, entities)


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
