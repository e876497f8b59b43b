"""Tables become code blocks; everything else stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.tables import tables_as_code


def test_columns_are_even() -> None:
    table = "before\n| name | n |\n|:-----|--:|\n| a | 10 |\n| longer | 2 |\nafter"
    assert tables_as_code(table) == (
        "before\n```\nname   | n\n-------+---\na      | 10\nlonger | 2\n```\nafter"
    )


def test_wide_characters_count_twice() -> None:
    assert (
        tables_as_code("a|b\n-|-\n\u4e2d\u6587|x")
        == "```\na    | b\n-----+--\n\u4e2d\u6587 | x\n```"
    )


def test_short_rows_are_filled_and_long_ones_cut() -> None:
    assert tables_as_code("|a|b|\n|-|-|\n|1|\n|1|2|3|") == "```\na | b\n--+--\n1 |\n1 | 2\n```"


def test_an_escaped_pipe_is_part_of_its_cell() -> None:
    assert "x|y" in tables_as_code("|a|b|\n|-|-|\n|x\\|y|z|")


def test_a_cell_with_backticks_cannot_end_the_block() -> None:
    lines = tables_as_code("|a|\n|-|\n|```|").split("\n")
    assert lines[0] == lines[-1] == "````"


@pytest.mark.parametrize(
    "text",
    [
        "no table",
        "a | b",
        "a | b\nc | d",
        "| a | b |\n|---|",
        "```\n| a | b |\n|---|---|\n| 1 | 2 |\n```",
        "~~~~\n```\n|a|b|\n|-|-|\n~~~\n|a|\n|-|\n~~~~",
        "|",
        "",
    ],
)
def test_what_is_no_table_stays(text: str) -> None:
    assert tables_as_code(text) == text


@given(st.text(alphabet="|-:` a\\\n~", max_size=80))
def test_once_is_enough(text: str) -> None:
    once = tables_as_code(text)
    assert tables_as_code(once) == once
