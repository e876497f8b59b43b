"""Markdown as text with entities, and its parts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_channels.chunking import utf16_units
from openclaw_channels.styled import cut, render
from tests.unit.channels.markdown import markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use List<String> now", "use List<String> now"),
        ("<details>kept\n</details>\n\nx", "<details>kept\n</details>\n\nx"),
        ("`<b>` <!-- c -->", "<b> <!-- c -->"),
        ("```\n\\(\\frac{1}{2}\\) <x>\n```", "\\(\\frac{1}{2}\\) <x>"),
        ("[only]: definition", "[only]: definition"),
        ("# Heading", "Heading"),
    ],
)
def test_nothing_that_was_written_is_lost(text: str, expected: str) -> None:
    assert render(text).text == expected


@given(markdown, st.integers(10, 200))
@settings(max_examples=300)
def test_parts_have_the_text_in_order_and_entities_within_it(source: str, limit: int) -> None:
    styled = render(source)
    parts = cut(styled, limit)

    assert "".join("".join(part.text.split()) for part in parts) == "".join(styled.text.split())
    for part in parts:
        assert utf16_units(part.text) <= limit
        raw = part.text.encode("utf-16-le")
        for entity in part.entities:
            assert entity.offset >= 0
            assert entity.length > 0
            assert (entity.offset + entity.length) * 2 <= len(raw)
            raw[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le")


def test_a_link_is_not_cut_where_it_fits_into_a_part() -> None:
    first, second = cut(render("some words and [one link](http://x.y) here"), 20)
    assert (first.text, second.text) == ("some words and", "one link here")
    assert [(e.type, e.offset, e.length) for e in second.entities] == [("text_link", 0, 8)]
