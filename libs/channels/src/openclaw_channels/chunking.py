"""Cuts a message into parts: the one chunker of all channels.

Limits count in the platform's own unit, which a length function gives: `utf16_units`,
`code_points` or `utf8_bytes`. A cut is made after a paragraph, else a line, a sentence, a word,
else between two graphemes. Code fences and other spans are cut only where a part holds nothing
else; a fence that is cut is closed and opened again with its info string.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from openclaw_channels.breaks import code_points, utf8_bytes, utf16_units
from openclaw_channels.cutter import Chunk, Cutter, Length
from openclaw_channels.fences import LARGEST_CHARACTER, Span, find_fences

__all__ = [
    "MIN_LIMIT",
    "MIN_LINES",
    "Chunk",
    "Length",
    "chunk_markdown",
    "chunk_spans",
    "code_points",
    "utf8_bytes",
    "utf16_units",
]

MIN_LIMIT: Final = LARGEST_CHARACTER
"""The least limit: one character in any unit."""

MIN_LINES: Final = 3
"""The least `max_lines`: a fence and something in it."""


def chunk_markdown(
    text: str,
    limit: int,
    length: Length,
    *,
    max_lines: int | None = None,
    each_paragraph: bool = False,
) -> list[Chunk]:
    """Cut Markdown into parts of at most `limit`, none of which leaves a fence open.

    `max_lines` bounds the lines of the source in one part. `each_paragraph` makes a part of each
    paragraph. Blank text has no parts. Raises ValueError for a limit below MIN_LIMIT or MIN_LINES.
    """
    _check(limit)
    if max_lines is not None and max_lines < MIN_LINES:
        raise ValueError(f"a part must hold at least {MIN_LINES} lines, not {max_lines}")
    spans, skips = find_fences(text, limit, length)
    cutter = Cutter(text, limit, length, spans, fenced=True, max_lines=max_lines)
    return list(cutter.chunks(skips, each_paragraph=each_paragraph))


def chunk_spans(
    text: str,
    limit: int,
    length: Length,
    spans: Iterable[tuple[int, int, bool]] = (),
    *,
    each_paragraph: bool = False,
) -> list[Chunk]:
    """Cut text without markup into parts of at most `limit`.

    `spans` are (start, end, code) in code points: formatted stretches, and whether white space
    counts in them. No part is blank. Raises ValueError for a limit below MIN_LIMIT.
    """
    _check(limit)
    cutter = Cutter(text, limit, length, _merged(spans), fenced=False, max_lines=None)
    return list(cutter.chunks((), each_paragraph=each_paragraph))


def _check(limit: int) -> None:
    if limit < MIN_LIMIT:
        raise ValueError(f"a part must hold at least {MIN_LIMIT} units, not {limit}")


def _merged(spans: Iterable[tuple[int, int, bool]]) -> list[Span]:
    """Return spans that do not overlap."""
    merged: list[Span] = []
    for start, end, code in sorted(spans):
        if merged and start < merged[-1].end:
            last = merged.pop()
            start, end, code = last.start, max(end, last.end), code or last.code
        if start < end:
            merged.append(Span(start, end, start, end, code=code))
    return merged
