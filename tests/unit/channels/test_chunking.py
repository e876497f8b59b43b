"""Where messages are cut."""

from __future__ import annotations

import pytest

from openclaw_channels.chunking import (
    Length,
    chunk_markdown,
    chunk_spans,
    code_points,
    utf8_bytes,
    utf16_units,
)


def parts(text: str, limit: int, length: Length = len, **options: bool) -> list[str]:
    return [chunk.text for chunk in chunk_markdown(text, limit, length, **options)]


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("one two\nthree\n\nfour five", 16, ["one two\nthree", "four five"]),
        ("one two\nthree four", 12, ["one two", "three four"]),
        ("One two. Three four five.", 20, ["One two.", "Three four five."]),
        ("one two three", 9, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("\n\n  one\n\n\n  two  \n", 8, ["one", "two"]),
        ("- one\n  - two\n  - three", 20, ["- one\n  - two", "  - three"]),
        (" \n\t\n", 10, []),
    ],
)
def test_a_cut_is_made_at_the_largest_unit_that_ends_in_time(
    text: str, limit: int, expected: list[str]
) -> None:
    assert parts(text, limit) == expected


def test_a_fence_is_kept_whole_where_it_fits_into_a_part() -> None:
    fence = "```py\na = 1\nb = 2\n```"
    assert parts(f"Some words before.\n{fence}\nafter", 30) == [
        "Some words before.",
        f"{fence}\nafter",
    ]


def test_a_fence_that_is_cut_is_closed_and_opened_again_with_its_info_string() -> None:
    assert parts("~~~py title=x\nfirst = 1\n  second = 2\n~~~\nafter", 38) == [
        "~~~py title=x\nfirst = 1\n~~~",
        "~~~py title=x\n  second = 2\n~~~\nafter",
    ]


def test_an_info_string_without_room_is_left_out_of_the_parts() -> None:
    text = "```python title=a-very-long-one\nprint(1)\nprint(2)\n```"
    assert parts(text, 20) == ["```\nprint(1)\n```", "```\nprint(2)\n```"]


def test_a_fence_without_any_room_is_left_out() -> None:
    assert parts("```\nabcd\n```", 8) == ["abcd"]


def test_each_paragraph_can_be_a_part_of_its_own() -> None:
    text = "one\n\ntwo\n\n```\nthree\n\nfour\n```\n\nfive"
    assert parts(text, 100, each_paragraph=True) == [
        "one",
        "two",
        "```\nthree\n\nfour\n```",
        "five",
    ]


@pytest.mark.parametrize(
    ("length", "expected"),
    [(utf16_units, 2), (code_points, 4), (utf8_bytes, 1)],
)
def test_the_limit_counts_in_the_unit_of_the_platform(length: Length, expected: int) -> None:
    first = parts("\U0001f600" * 10, 4, length)[0]
    assert len(first) == expected


@pytest.mark.parametrize(
    "grapheme",
    ["e\u0301", "\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea"],
)
def test_what_people_see_as_one_character_stays_together(grapheme: str) -> None:
    assert all(len(part) % len(grapheme) == 0 for part in parts(grapheme * 20, 7))


def test_a_span_is_cut_only_where_it_fills_a_part() -> None:
    text = "some words and one link here"
    start, end = text.index("one"), text.index(" here")
    cut = [chunk.text for chunk in chunk_spans(text, 22, len, [(start, end, False)])]
    assert cut == ["some words and", "one link here"]


def test_a_limit_without_room_for_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        parts("text", 3)
