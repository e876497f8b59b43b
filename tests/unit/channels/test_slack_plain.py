"""From Slack's mrkdwn to plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.slack.plain import mentions, plain, unescaped, without_address


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<@U012AB3CD>", "@U012AB3CD"),
        ("<@U012AB3CD|ann>", "@ann"),
        ("<#C123ABC456|general>", "#general"),
        ("<!here> <!channel>", "@here @channel"),
        ("<!subteam^S012|@devs>", "@devs"),
        ("<!subteam^S012>", "@S012"),
        ("<!date^1392734382^{date}|yesterday>", "yesterday"),
        ("<https://example.com>", "https://example.com"),
        ("<https://example.com|example.com>", "https://example.com"),
        (
            "<https://example.com/a?b=1&amp;c=2|the page>",
            "the page (https://example.com/a?b=1&c=2)",
        ),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("1 &lt; 2 <", "1 < 2 <"),
    ],
)
def test_a_text_is_read_as_people_see_it(written: str, seen: str) -> None:
    assert plain(written) == seen


def test_the_mention_that_a_text_begins_with_is_an_address() -> None:
    assert without_address(" <@U012AB3CD>: /new", "U012AB3CD") == "/new"
    assert without_address("<@U012AB3CD> and <@U012AB3CD>", "U012AB3CD") == "and <@U012AB3CD>"
    assert without_address("<@UOTHER123> hi", "U012AB3CD") == "<@UOTHER123> hi"
    assert mentions("well, <@U012AB3CD|claw>", "U012AB3CD")
    assert not mentions("<@U012AB3CDE>", "U012AB3CD")


@given(st.text())
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert unescaped(escaped) == text
    plain(text)
