"""Markdown as Signal shows it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from openclaw_channels.base import Message
from openclaw_channels.chunking import utf16_units
from openclaw_channels.signal.markup import STYLES, as_container_markup, parts
from openclaw_channels.signal.settings import SignalSettings
from tests.fakes.channels.signal import ACCOUNT
from tests.fakes.channels.signal_container import parse_styled
from tests.unit.channels.markdown import markdown

SETTINGS = SignalSettings(account=ACCOUNT)


def shown(text: str) -> tuple[str, list[str]]:
    (part,) = parts(Message(text), SETTINGS)
    return part.text, list(part.markup.get(STYLES, ()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\U0001f600 **bold**", ("\U0001f600 bold", ["3:4:BOLD"])),
        (
            "*a* ~~b~~ ||c|| `d`",
            (
                "a b c d",
                ["0:1:ITALIC", "2:1:STRIKETHROUGH", "4:1:SPOILER", "6:1:MONOSPACE"],
            ),
        ),
        ("```py\nx = 1\n```", ("x = 1", ["0:5:MONOSPACE"])),
        ("[label](https://x.y) and https://x.z", ("label (https://x.y) and https://x.z", [])),
        ("**see [a](http://b.c) now**", ("see a (http://b.c) now", ["0:22:BOLD"])),
        ("**[a](http://b.c)**", ("a (http://b.c)", ["0:1:BOLD"])),
        ("<http://x.y>", ("http://x.y", [])),
        ("a List<String>", ("a List<String>", [])),
    ],
)
def test_markup_becomes_styles_and_links_are_written_out(
    text: str, expected: tuple[str, list[str]]
) -> None:
    assert shown(text) == expected


def test_a_table_becomes_a_list() -> None:
    text, _ = shown("| name | age | |\n|---|---|---|\n| Ann | 5 | x |\n| Bob | | |\n\nend")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    assert [line[1:].strip() for line in lines[:-1]] == ["Ann; age: 5; x", "Bob"]
    assert lines[-1] == "end"


@pytest.mark.parametrize(
    ("text", "styles", "expected"),
    [
        ("a b", ["0:1:BOLD"], "**a** b"),
        ("2 * 3 ~ 4 | `", [], "2 \\* 3 \\~ 4 \\| \\`"),
        ("ab", ["0:2:BOLD", "1:1:ITALIC"], "**ab**"),
        ("ab", ["0:1:BOLD", "1:1:ITALIC"], "**a**b"),
        ("a*", ["0:2:BOLD"], "a\\*"),
    ],
)
def test_the_container_gets_its_own_markup(text: str, styles: list[str], expected: str) -> None:
    assert as_container_markup(text, styles) == expected


@given(markdown)
@settings(max_examples=300)
def test_styles_lie_in_their_part_and_the_container_reads_the_same_text(source: str) -> None:
    for part in parts(Message(source), SignalSettings(account=ACCOUNT, text_chunk_limit=60)):
        assert utf16_units(part.text) <= 60
        styles = list(part.markup.get(STYLES, ()))
        for style in styles:
            start, length, _ = style.split(":")
            assert 0 <= int(start) < int(start) + int(length) <= utf16_units(part.text)
        text, read = parse_styled(as_container_markup(part.text, styles))
        assert text == part.text
        assert set(read) <= set(styles)
