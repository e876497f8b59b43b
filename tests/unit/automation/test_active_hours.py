"""The part of the day in which heartbeats happen."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from openclaw_common.runtime.config.heartbeat import ActiveHours, Heartbeat
from openclaw_common.runtime.durations import parse_duration_ms


def _at(local: str, zone: str = "UTC", fold: int = 0) -> int:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("08:00", "22:00", ["08:00", "21:59"], ["07:59", "22:00", "00:00"]),
        ("22:00", "06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "21:59", "12:00"]),
        ("00:00", "24:00", ["00:00", "12:00", "23:59"], []),
        ("18:00", "24:00", ["18:00", "23:59"], ["00:00", "17:59"]),
        ("09:00", "09:00", [], ["09:00", "08:59", "21:00"]),
    ],
)
def test_from_start_up_to_end(start: str, end: str, inside: list[str], outside: list[str]) -> None:
    hours = ActiveHours(start=start, end=end)
    assert [hours.contain(_at(f"2026-01-01T{time}")) for time in inside] == [True] * len(inside)
    assert [hours.contain(_at(f"2026-01-01T{time}")) for time in outside] == [False] * len(outside)


@pytest.mark.parametrize("day", ["2026-01-15", "2026-03-29", "2026-07-15", "2026-10-25"])
def test_by_the_local_clock_whatever_the_season(day: str) -> None:
    zone = "Europe/Berlin"
    hours = ActiveHours(start="08:00", end="22:00", timezone=zone)
    assert hours.contain(_at(f"{day}T08:00", zone))
    assert not hours.contain(_at(f"{day}T07:59", zone))


def test_an_hour_that_comes_twice_is_inside_twice() -> None:
    zone = "Europe/Berlin"
    hours = ActiveHours(start="02:00", end="02:30", timezone=zone)
    twice = [hours.contain(_at("2026-10-25T02:15", zone, fold)) for fold in (0, 1)]
    assert twice == [True, True]


@pytest.mark.parametrize("hours", [{"start": "8:00"}, {"end": "24:01"}, {"timezone": "Mars/Base"}])
def test_what_is_no_time_of_day_or_zone_is_refused(hours: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ActiveHours.model_validate(hours)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30m", 1_800_000), ("1h30m", 5_400_000), ("45s", 45_000), ("0m", 0), ("15", 900_000)],
)
def test_durations(text: str, expected: int) -> None:
    assert parse_duration_ms(text) == expected
    assert Heartbeat(every=text).every_ms == expected


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5 m", "1.5h", "m5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration_ms(text)
