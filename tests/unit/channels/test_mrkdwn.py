"""Markdown becomes Slack's mrkdwn, never longer than the escaped text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.chunking import chunk_markdown
from openclaw_channels.slack.mrkdwn import escaped, escaped_length, to_mrkdwn

MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("*", "**", "***", "_", "__", "~~", "`", "```", "````", "~~~", "\n", " ", "# "),
                *("- ", "> ", "[", "](", ")", "<", ">", "&", "|", "\\", "https://e.com/a|b", "!"),
                *("[a](https://e.com)", "<https://e.com>", "word", "---", "```py\ncode\n```\n"),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)


def test_quotes_within_quotes_are_read_however_deep_they_are() -> None:
    assert to_mrkdwn("> " * 2000 + "**a**") == "> " * 2000 + "*a*"


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*italic* and _italic_", "_italic_ and _italic_"),
        ("***both***", "*_both_*"),
        ("~~gone~~", "~gone~"),
        ("**bold _and_ ~~gone~~**", "*bold _and_ ~gone~*"),
        ("`a < b` & `**`", "`a &lt; b` &amp; `**`"),
        ("[label](https://e.com/?a=1&b=2)", "<https://e.com/?a=1&amp;b=2|label>"),
        ("[**label**](https://e.com)", "<https://e.com|label>"),
        ("[a_b](https://e.com/x_(y)_z)", "<https://e.com/x_(y)_z|ab>"),
        ("![image](https://e.com/i.png)", "<https://e.com/i.png|image>"),
        ("<https://e.com>", "<https://e.com>"),
        ("# Heading **loud**", "*Heading loud*"),
        ("- one\n  * two\n+ three", "\u2022 one\n  \u2022 two\n\u2022 three"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("> quoted *text*", "> quoted _text_"),
        ("---", "\u2014\u2014\u2014"),
        ("2 * 3 * 4 and a_b_c", "2 * 3 * 4 and a_b_c"),
        (r"\*not bold\*", "*not bold*"),
        ("<!channel> <@U1>", "&lt;!channel&gt; &lt;@U1&gt;"),
        ("```python\nif a < b: **x**\n```", "```\nif a &lt; b: **x**\n```"),
        ("~~~\n```\n~~~", "```\n'''\n```"),
    ],
)
def test_marks_are_translated(markdown: str, mrkdwn: str) -> None:
    assert to_mrkdwn(markdown) == mrkdwn


@given(MARKDOWN)
def test_no_text_grows_beyond_its_escaped_form(markdown: str) -> None:
    assert len(to_mrkdwn(markdown)) <= escaped_length(markdown) == len(escaped(markdown))


@given(MARKDOWN)
def test_nothing_but_links_is_left_that_slack_would_act_on(markdown: str) -> None:
    without_links = re.sub(r"<(?:[^\s<>|!@#][^<>|]*)(?:\|[^<>]*)?>", "", to_mrkdwn(markdown))
    assert "<" not in without_links
    assert re.search(r"&(?!amp;|lt;|gt;)", without_links) is None


@given(MARKDOWN)
def test_a_text_that_says_something_still_does(markdown: str) -> None:
    assert bool(to_mrkdwn(markdown).strip()) == bool(markdown.strip())


@given(MARKDOWN, st.integers(40, 200))
def test_each_part_is_within_the_limit(markdown: str, limit: int) -> None:
    for chunk in chunk_markdown(markdown, limit, escaped_length):
        assert len(to_mrkdwn(chunk.text)) <= limit


@pytest.mark.parametrize("mark", ["**a ", "_a ", "~~a ", "`", "[a](", "*", "<https://", "***a"])
def test_marks_that_nothing_closes_take_no_long_time(mark: str) -> None:
    text = mark * (40_000 // len(mark))
    assert to_mrkdwn(text)
