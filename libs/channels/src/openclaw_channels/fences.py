"""Code fences of Markdown, as far as cutting a message needs to know them.

A fence is a line of at least three backticks or tildes, however far it is indented, as chat
platforms have it; it ends at a line of at least as many of the same (CommonMark §4.5). Fences in
block quotes are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

LARGEST_CHARACTER: Final = 4
"""Length of one character in the unit that makes it longest, UTF-8 bytes."""

_OPEN: Final = re.compile(r"(?P<indent>[ \t]*)(?P<marker>`{3,}(?=[^`]*\Z)|~{3,})[^\n]*\Z")
_CLOSE: Final = re.compile(r"[ \t]*(?P<marker>`{3,}|~{3,})[ \t\r]*\Z")
_MARKERS: Final = re.compile(r"(?:[ \t]*(?:`{3,}|~{3,}))+")


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`, to be cut only where nothing else helps.

    A cut lies in `inner` to `inner_end`; it puts `closing` behind what comes before it and
    `opening` in front of what comes after. In `code`, white space is kept.
    """

    start: int
    end: int
    inner: int
    inner_end: int
    opening: str = ""
    closing: str = ""
    code: bool = False
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Skip:
    """`text[start:end]`, markers that have no room and are left out."""

    start: int
    end: int


def looks_like_fence(text: str, place: int) -> bool:
    """Whether a part that begins at `place` would begin with a fence."""
    return _MARKERS.match(text, place) is not None


def after_markers(text: str, place: int) -> int:
    """Return the end of the markers at `place`."""
    found = _MARKERS.match(text, place)
    return found.end() if found else place


def find_fences(
    text: str, limit: int, length: Callable[[str], int]
) -> tuple[list[Span], list[Skip]]:
    """Return the fences of `text`, and the markers that parts of `limit` have no room for."""
    scan = _Scan(text, limit, length)
    scan.run()
    return scan.spans, scan.skips


class _Scan:
    def __init__(self, text: str, limit: int, length: Callable[[str], int]) -> None:
        self.spans: list[Span] = []
        self.skips: list[Skip] = []
        self._text = text
        self._limit = limit
        self._length = length

    def run(self) -> None:
        place = 0
        while place < len(self._text):
            end = self._line_end(place)
            found = _OPEN.match(self._text, place, end)
            if found and (after := self._fence(place, end, found)) is not None:
                place = after
                continue
            if found:
                self.skips.append(Skip(place, end))
            else:
                self._text_line(place, end, self._limit)
            place = end + 1

    def _fence(self, start: int, line_end: int, found: re.Match[str]) -> int | None:
        """Note the fence that opens here; return where text goes on, or None if it has no room."""
        marker, opening, closing = self._frame(self._text[start:line_end].rstrip("\r"), found)
        if not self._has_room(opening + closing):
            return None
        inner = min(line_end + 1, len(self._text))
        inner_end, end, closed = self._closing(inner, marker)
        whole_line = self._text[start:inner]
        empty = inner_end <= inner
        if empty and not self._has_room(self._text[start:end]):
            self.skips.append(Skip(start, end))
            return end + 1
        if not self._has_room(whole_line + closing):
            self.skips.append(Skip(start, inner))
        overhead = max(self._length(opening), self._length(whole_line)) + self._length(closing)
        for line_start, stop in self._lines(inner, inner_end):
            self._text_line(line_start, stop, self._limit - overhead)
        span = Span(start, end, inner, inner_end, opening, closing, code=True, closed=closed)
        self.spans.append(span)
        return end + 1

    def _frame(self, line: str, found: re.Match[str]) -> tuple[str, str, str]:
        """Return the marker, and what reopens and closes the fence in a part."""
        indent, marker = found["indent"], found["marker"]
        opening, closing = f"{line}\n", f"\n{indent}{marker}"
        if self._length(opening) + self._length(closing) > self._limit // 2:
            opening, closing = f"{marker}\n", f"\n{marker}"
        return marker, opening, closing

    def _closing(self, inner: int, marker: str) -> tuple[int, int, bool]:
        """Return where the content ends, where the fence ends, and whether it is closed."""
        for start, stop in self._lines(inner, len(self._text)):
            found = _CLOSE.match(self._text, start, stop)
            if found and found["marker"].startswith(marker):
                return max(inner, start - 1), found.end("marker"), True
        return len(self._text), len(self._text), False

    def _lines(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        while start < end:
            stop = min(self._line_end(start), end)
            yield start, stop
            start = stop + 1

    def _text_line(self, start: int, end: int, room: int) -> None:
        """Leave out markers that would look like a fence once their line is cut."""
        found = _MARKERS.match(self._text, start, end)
        if found and self._length(self._text[start:end]) > room:
            self.skips.append(Skip(start, found.end()))

    def _has_room(self, frame: str) -> bool:
        return self._length(frame) + LARGEST_CHARACTER <= self._limit

    def _line_end(self, start: int) -> int:
        end = self._text.find("\n", start)
        return len(self._text) if end < 0 else end
