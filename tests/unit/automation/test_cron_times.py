"""When a cron expression is due, over changes of the clock in both directions."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.runtime.cron_times import (
    check_expression,
    last_crons_ms,
    next_cron_ms,
    time_zone,
)

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
EXPRESSIONS = (
    "30 2 * * *",
    "*/15 * * * *",
    "0 */3 * * *",
    "15 1,2,3 * * 0",
    "0 9 1 * *",
    "*/20 30 2 * * *",
    "59 23 L * *",
)


def _ms(local: str, zone: str, fold: int = 0) -> int:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(moment.timestamp() * 1000)


def _ticks(expression: str, zone: str, after: str, count: int) -> list[str]:
    """The next ticks as local times with their offset."""
    tick_ms: int | None = _ms(after, zone)
    found = []
    for _ in range(count):
        tick_ms = next_cron_ms(expression, zone, tick_ms or 0)
        assert tick_ms is not None
        found.append(datetime.fromtimestamp(tick_ms / 1000, ZoneInfo(zone)).isoformat())
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "after", "ticks"),
    [
        # The clock goes from 2:00 to 3:00: the job of 2:30 is made up at 3:00, once.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-07T12:00",
            ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"],
        ),
        # The clock goes from 3:00 back to 2:00: the job of 2:30 comes the first time only.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-10-31T12:00",
            ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
        ),
        # By half an hour, in the southern hemisphere.
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T12:00",
            ["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
        ),
        # What goes by elapsed time goes on through both.
        (
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-03-29T01:15",
            ["2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"],
        ),
        (
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-10-25T02:15",
            [
                "2026-10-25T02:30:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T02:30:00+01:00",
            ],
        ),
        ("0 7 * * 1-5", "Asia/Kolkata", "2026-01-02T07:00", ["2026-01-05T07:00:00+05:30"]),
    ],
)
def test_the_clock_changes(expression: str, zone: str, after: str, ticks: list[str]) -> None:
    assert _ticks(expression, zone, after, len(ticks)) == ticks


def test_within_the_hour_that_comes_again_no_tick_is_in_the_past() -> None:
    second = _ms("2026-10-25T02:10", "Europe/Berlin", fold=1)
    tick = next_cron_ms("30 2 * * *", "Europe/Berlin", second)
    assert tick == _ms("2026-10-26T02:30", "Europe/Berlin")


@given(
    expression=st.sampled_from(EXPRESSIONS),
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 1)),
    hours=st.integers(0, 400),
    most=st.integers(1, 12),
)
def test_the_last_ticks_are_the_last_of_all_next_ones(
    expression: str, zone: str, start: datetime, hours: int, most: int
) -> None:
    after_ms = round(start.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    until_ms = after_ms + round(timedelta(hours=hours).total_seconds() * 1000)
    forward = []
    tick_ms = next_cron_ms(expression, zone, after_ms)
    while tick_ms is not None and tick_ms <= until_ms:
        assert not forward or tick_ms > forward[-1]
        forward.append(tick_ms)
        tick_ms = next_cron_ms(expression, zone, tick_ms)
    assert last_crons_ms(expression, zone, after_ms, until_ms, most) == tuple(forward[-most:])


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "x * * * *", "0 0 30 2 *", "@often"])
def test_what_is_no_expression_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"cron expression|never"):
        check_expression(text)


def test_an_expression_that_takes_long_to_read_is_too_long() -> None:
    with pytest.raises(ValueError, match="256 characters"):
        check_expression(f"0 0 * * {'1,' * 128}1")


@pytest.mark.parametrize("text", ["* * * * *", "0 0 29 2 *", "*/5 * * * * *", "0 9 * * MON#1"])
def test_what_is_one_is_taken(text: str) -> None:
    check_expression(text)


@pytest.mark.parametrize(
    ("nickname", "expression"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@Weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_nicknames(nickname: str, expression: str) -> None:
    check_expression(nickname)
    zone, after_ms = "Europe/Berlin", 1_800_000_000_000
    assert next_cron_ms(nickname, zone, after_ms) == next_cron_ms(expression, zone, after_ms)


@pytest.mark.parametrize("name", ["Mars/Base", "", "../../etc/passwd", "Europe"])
def test_what_is_no_time_zone_is_told(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        time_zone(name)
