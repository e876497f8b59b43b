"""How far a connection to Discord has come."""

from __future__ import annotations

import orjson

from openclaw_channels.discord.cursor import Cursor

MINUTE = 60_000 << 22
LONG = 1000 * MINUTE


def again(cursor: Cursor) -> Cursor:
    """Return what another process makes of it."""
    return Cursor(10, cursor.encode())


def test_before_the_first_connection_nothing_is_missing() -> None:
    assert Cursor(10).after("1") is None
    assert Cursor(10, "").direct == []


def test_a_channel_that_was_heard_of_is_asked_from_there() -> None:
    cursor = Cursor(10)
    cursor.catch_up(LONG)
    cursor.saw("1", LONG + 5, direct=False)
    cursor.saw("2", LONG + 9, direct=False)
    assert again(cursor).after("1") == LONG + 5


def test_one_that_was_not_is_asked_from_a_minute_before_the_newest_message() -> None:
    cursor = Cursor(10)
    cursor.catch_up(LONG)
    cursor.saw("1", LONG + MINUTE, direct=False)
    assert again(cursor).after("other") == LONG


def test_while_something_is_missing_the_mark_stays() -> None:
    cursor = Cursor(10)
    cursor.catch_up(LONG)
    cursor = again(cursor)
    cursor.saw("1", 2 * LONG, direct=False)
    assert again(cursor).mark == LONG
    cursor.catch_up(LONG)
    assert again(cursor).mark == 2 * LONG


def test_direct_conversations_are_kept_by_name_and_the_oldest_goes_first() -> None:
    cursor = Cursor(2)
    for number, channel in enumerate(("1", "2", "1", "3")):
        cursor.saw(channel, number, direct=True)
    assert cursor.direct == ["3", "1"]


def test_what_the_mark_stands_for_takes_no_room() -> None:
    cursor = Cursor(10)
    cursor.saw("1", 5, direct=False)
    cursor.catch_up(LONG)
    assert orjson.loads(cursor.encode())["seen"] == {}


def test_a_cursor_of_another_kind_is_as_none() -> None:
    assert Cursor(10, "[]").mark is None
