"""One cut after the other, each at the best place before the limit."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from openclaw_channels.breaks import LINE, PARAGRAPH, SENTENCE, WORD, is_grapheme_boundary
from openclaw_channels.fences import (
    LARGEST_CHARACTER,
    Skip,
    Span,
    after_markers,
    looks_like_fence,
)

Length = Callable[[str], int]
"""Length of a text; that of two texts together is the sum of theirs."""

_BLANKS: Final = " \t\r\n"
"""White space that parts do not start or end with."""
_NOT_TRIMMED: Final = re.compile(rf"[^{_BLANKS}]")
_LOOK_BACK: Final = 64
"""Code points that a cut between graphemes may move back for a better place."""
_TIERS: Final = (
    (PARAGRAPH, False),
    (LINE, False),
    (LINE, True),
    (SENTENCE, False),
    (WORD, False),
    (None, False),
    (SENTENCE, True),
    (WORD, True),
)
"""Kinds of cuts by preference, and whether inside of spans; None is the start of a span."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One part: `text` is `opening + source[start:end] + closing`.

    `opening` and `closing` are fence lines that the source does not have here. Between the end of
    one chunk, the start of the next and both ends of the source is nothing but white space, a line
    that opens or closes a fence, and runs of fence markers that a part has no room for.
    """

    text: str
    start: int
    end: int
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class _Cut:
    """The part ends at `end` with `closing`; the next starts at `resume` or after it."""

    end: int
    resume: int
    closing: str = ""


class Cutter:
    """Cuts one text; `fenced` says that its parts are Markdown."""

    def __init__(
        self,
        text: str,
        limit: int,
        length: Length,
        spans: Sequence[Span],
        *,
        fenced: bool,
        max_lines: int | None,
    ) -> None:
        self._text = text
        self._limit = limit
        self._length = length
        self._spans = spans
        self._starts = [span.start for span in spans]
        self._fenced = fenced
        self._max_lines = max_lines

    def chunks(self, skips: Sequence[Skip], *, each_paragraph: bool) -> Iterator[Chunk]:
        """Yield the parts, none of which holds any of `skips` or is blank."""
        start = 0
        for skip in (*sorted(skips, key=lambda s: s.start), None):
            stop = skip.start if skip else len(self._text)
            place, solid = start, start + len(self._text[start:stop].rstrip())
            while place < solid:
                place = self._first(place, stop)
                opening = self._opening(place)
                cut = self._next(place, stop, opening, each_paragraph=each_paragraph)
                body = self._text[place : cut.end]
                whole = opening + body + cut.closing
                if not whole.isspace():
                    yield Chunk(whole, place, cut.end, opening, cut.closing)
                place = cut.resume
            start = skip.end if skip else stop

    def _span(self, place: int) -> Span | None:
        """Return the span that `place` is inside of."""
        index = bisect_right(self._starts, place) - 1
        if index < 0:
            return None
        span = self._spans[index]
        inside = span.start < place and (place < span.end or not span.closed)
        return span if inside else None

    def _opening(self, place: int) -> str:
        span = self._span(place)
        return span.opening if span else ""

    def _first(self, place: int, stop: int) -> int:
        """Return where a part may start: no blank lines, and no indentation that fills it."""
        span = self._span(place)
        if span and span.code:
            return place
        found = _NOT_TRIMMED.search(self._text, place, stop)
        start = found.start() if found else stop
        line = self._text.rfind("\n", place, start) + 1
        if line == 0:
            at_line = place == 0 or self._text[place - 1] == "\n"
            line = place if at_line else start
        indent = self._length(self._text[line:start])
        keep = line in self._starts or indent * 2 + 2 * LARGEST_CHARACTER <= self._limit
        return line if keep else start

    def _next(self, place: int, stop: int, opening: str, *, each_paragraph: bool) -> _Cut:
        room = self._limit - self._length(opening)
        last = self._end_closing(stop)
        if self._fit(place, stop, room - self._length(last)) == stop:
            first = self._paragraph(place, stop) if each_paragraph else None
            return first or self._ended(place, stop, stop, last)
        tops: dict[str, int] = {}

        def top(closing: str) -> int:
            if closing not in tops:
                tops[closing] = self._fit(place, stop, room - self._length(closing))
            return tops[closing]

        if each_paragraph and (first := self._paragraph(place, top(""))):
            return first
        return self._preferred(place, top) or self._hard(place, top)

    def _fit(self, place: int, stop: int, room: int) -> int:
        """Return the furthest end such that `text[place:end]` has room."""
        low, high = place, min(stop, place + max(room, 0))
        if self._max_lines is not None:
            breaks = islice(LINE.finditer(self._text, place, high), self._max_lines - 1, None)
            high = next((found.start() for found in breaks), high)
        if self._length(self._text[place:high]) <= room:
            return high
        while low < high - 1:
            middle = (low + high) // 2
            if self._length(self._text[place:middle]) <= room:
                low = middle
            else:
                high = middle
        return low

    def _paragraph(self, place: int, stop: int) -> _Cut | None:
        """Return the cut after the first paragraph that ends before `stop`."""
        for found in PARAGRAPH.finditer(self._text, place, min(stop + 2, len(self._text))):
            at = found.start()
            if at <= stop and self._span(at) is None and self._text[place:at].strip():
                return self._ended(place, at, at, "")
        return None

    def _preferred(self, place: int, top: Callable[[str], int]) -> _Cut | None:
        # What marks a break may lie behind the last character that has room.
        horizon = min(top("") + 2, len(self._text))
        for pattern, inside in _TIERS:
            if pattern is None:
                places = self._span_start(top(""))
            else:
                places = [
                    found.end() if pattern is SENTENCE else found.start()
                    for found in pattern.finditer(self._text, place, horizon)
                ]
            for at in reversed(places):
                cut = self._cut(place, at, top, inside=inside, line=pattern in (PARAGRAPH, LINE))
                if cut is not None:
                    return cut
        return None

    def _span_start(self, at: int) -> list[int]:
        span = self._span(at)
        return [span.start] if span else []

    def _cut(
        self, place: int, at: int, top: Callable[[str], int], *, inside: bool, line: bool
    ) -> _Cut | None:
        """Return the cut at `at`, or None where there may be none."""
        span = self._span(at)
        if span is None:
            if at > top("") or not self._text[place:at].strip():
                return None
            return None if self._bad_start(at, line) else self._ended(place, at, at, "")
        # A fence that nothing closes ends with the text, so its last place is inside of it.
        outside = not inside or at <= max(span.inner, place) or at > span.inner_end
        if outside or at > top(span.closing):
            return None
        if not span.code:
            if not self._text[place:at].strip() or self._bad_start(at, line):
                return None
            return self._ended(place, at, at, span.closing)
        if line and at == span.inner_end:
            return _Cut(at, span.end, span.closing)
        if not line and self._bad_start(at, line):
            return None
        return _Cut(at, at + 1 if line else at, span.closing)

    def _bad_start(self, at: int, line: bool) -> bool:
        """Whether the rest of a line would start with what looks like a fence."""
        return self._fenced and not line and looks_like_fence(self._text, at)

    def _hard(self, place: int, top: Callable[[str], int]) -> _Cut:
        """Return the cut between two characters that are near to the limit."""
        span = self._span(top(""))
        closing = span.closing if span else ""
        furthest = top(closing)
        if span:
            furthest = min(furthest, span.inner_end)
        least = max(place, span.inner if span else place)
        nearby = range(furthest, max(least, furthest - _LOOK_BACK), -1)
        good = [at for at in nearby if not self._bad_start(at, line=False)]
        for at in (*(at for at in good if is_grapheme_boundary(self._text, at)), *good[:1]):
            return _Cut(at, at, closing)
        return _Cut(furthest, after_markers(self._text, furthest), closing)

    def _ended(self, place: int, at: int, resume: int, closing: str) -> _Cut:
        """Return the cut at `at` without the white space before it."""
        span = self._span(at)
        if span and span.code:
            return _Cut(at, resume, closing)
        return _Cut(place + len(self._text[place:at].rstrip(_BLANKS)), resume, closing)

    def _end_closing(self, stop: int) -> str:
        span = self._span(stop)
        return span.closing if span else ""
