"""What holds of the parts of any text."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from openclaw_channels.chunking import (
    MIN_LIMIT,
    MIN_LINES,
    Chunk,
    Length,
    chunk_markdown,
    chunk_spans,
)
from tests.unit.channels.markdown import UNITS, fence_left_open, left_out, markdown

units = st.sampled_from(UNITS)
limits = st.integers(MIN_LIMIT, 200)
_ROOMY = 400
_MARKERS_OR_BLANK = re.compile(r"(?:\s|`{3,}[^`\n]*|~{3,}[^\n]*)*")
_CLOSING_OR_BLANK = re.compile(r"\s*(?:(?:`{3,}|~{3,})\s*)?")


def _check_parts(source: str, chunks: list[Chunk], limit: int, length: Length) -> None:
    for chunk in chunks:
        assert chunk.text == chunk.opening + source[chunk.start : chunk.end] + chunk.closing
        assert length(chunk.text) <= limit
        assert chunk.text.strip()
    assert all(before.end <= after.start for before, after in pairwise(chunks))


@given(markdown, limits, units, st.booleans())
@example("```python title=" + "x" * 50 + "\nprint()\n```\nafter", 40, len, False)
@example("`" * 500, 8, len, False)
@example("foo " + "`" * 50 + "bar", 12, len, False)
@example("```\n" + "a" * 30 + " ```b\n```", 20, len, False)
@example("```\n\n\n\n\n```", 12, len, False)
def test_parts_are_within_the_limit_balanced_and_lose_nothing_but_blanks_and_markers(
    source: str, limit: int, length: Length, each_paragraph: bool
) -> None:
    chunks = chunk_markdown(source, limit, length, each_paragraph=each_paragraph)

    _check_parts(source, chunks, limit, length)
    assert not [chunk.text for chunk in chunks if fence_left_open(chunk.text)]
    assert all(_MARKERS_OR_BLANK.fullmatch(gap) for gap in left_out(source, chunks))


@given(markdown, st.integers(_ROOMY, 2000), units)
@settings(max_examples=300)
def test_where_fence_lines_have_room_only_blanks_and_closing_fences_are_left_out(
    source: str, limit: int, length: Length
) -> None:
    source = re.sub(r"(`|~){100,}", "", source)
    chunks = chunk_markdown(source, limit, length)

    if all(length(line) <= _ROOMY // 4 for line in source.split("\n")):
        assert all(_CLOSING_OR_BLANK.fullmatch(gap) for gap in left_out(source, chunks))


@given(markdown, limits, units, st.integers(MIN_LINES, 20))
def test_no_part_has_more_lines_than_allowed(
    source: str, limit: int, length: Length, max_lines: int
) -> None:
    chunks = chunk_markdown(source, limit, length, max_lines=max_lines)

    _check_parts(source, chunks, limit, length)
    assert not [chunk.text for chunk in chunks if fence_left_open(chunk.text)]
    for chunk in chunks:
        assert source[chunk.start : chunk.end].count("\n") < max_lines


@given(markdown, limits, units, st.data())
def test_text_with_spans_loses_nothing_but_blanks(
    source: str, limit: int, length: Length, data: st.DataObject
) -> None:
    place = st.integers(0, len(source))
    spans = data.draw(st.lists(st.tuples(place, place, st.booleans()), max_size=5))

    chunks = chunk_spans(source, limit, length, [(min(a, b), max(a, b), c) for a, b, c in spans])

    _check_parts(source, chunks, limit, length)
    assert not "".join(left_out(source, chunks)).strip()


@given(st.text(max_size=300), limits, units)
def test_a_text_that_fits_is_one_part(source: str, limit: int, length: Length) -> None:
    chunks = chunk_spans(source, limit, length)

    if source.strip() and length(source) <= limit:
        assert [chunk.text.strip() for chunk in chunks] == [source.strip()]


@given(markdown, limits, units)
def test_equal_texts_give_equal_parts(source: str, limit: int, length: Length) -> None:
    assert chunk_markdown(source, limit, length) == chunk_markdown(source, limit, length)
