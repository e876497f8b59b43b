"""Which ticks of a job are fired, and when it is due next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.automation.job_times import TickChoice, choose_tick, next_tick_ms
from openclaw_common.runtime.config.cron import Cron, CronJob, CronSchedule

LIMITS = Cron.model_validate({"missedGraceMs": 50, "maxMissedTicks": 3})
TURN = {"kind": "agentTurn", "message": "m"}


def _every(every_ms: int, anchor_ms: int = 0) -> CronSchedule:
    return CronSchedule.model_validate(
        {"kind": "every", "everyMs": every_ms, "anchorMs": anchor_ms}
    )


def _job(missed: str, schedule: Any) -> CronJob:
    return CronJob.model_validate({"schedule": schedule, "payload": TURN, "missed": missed})


@pytest.mark.parametrize(
    ("after_ms", "tick_ms"), [(0, 1000), (999, 1000), (1000, 1100), (1050, 1100), (1099, 1100)]
)
def test_every_goes_by_its_anchor(after_ms: int, tick_ms: int) -> None:
    assert next_tick_ms(_every(100, 1000), after_ms) == tick_ms


def test_at_comes_once() -> None:
    schedule = CronSchedule.model_validate({"kind": "at", "at": "1970-01-01T00:00:01Z"})
    assert (next_tick_ms(schedule, 999), next_tick_ms(schedule, 1000)) == (1000, None)


@pytest.mark.parametrize(
    ("at", "tz", "expected"),
    [
        ("2026-02-01T16:00:00Z", None, 1_769_961_600_000),
        ("2026-02-01T16:00:00", None, 1_769_961_600_000),
        ("2026-02-01T17:00", "Europe/Berlin", 1_769_961_600_000),
        ("2026-02-01T11:00:00-05:00", "Europe/Berlin", 1_769_961_600_000),
        (1_769_961_600_000, None, 1_769_961_600_000),
    ],
)
def test_how_at_may_be_written(at: Any, tz: str | None, expected: int) -> None:
    schedule = CronSchedule.model_validate({"kind": "at", "at": at, "tz": tz})
    assert schedule.at_ms() == expected


@pytest.mark.parametrize(
    ("missed", "now_ms", "choice"),
    [
        ("once", 1000, TickChoice(1000, 1100, 0)),
        ("once", 1560, TickChoice(1500, 1600, 5)),
        ("skip", 1040, TickChoice(1000, 1100, 0)),
        ("skip", 1540, TickChoice(1500, 1600, 5)),
        ("skip", 1560, TickChoice(1500, 1600, 5, fires=False)),
        ("all", 1000, TickChoice(1000, 1100, 0)),
        ("all", 1200, TickChoice(1000, 1100, 0)),
        ("all", 1560, TickChoice(1300, 1400, 3)),
    ],
)
def test_ticks_that_nobody_could_fire(missed: str, now_ms: int, choice: TickChoice) -> None:
    assert choose_tick(_job(missed, _every(100)), LIMITS, 1000, now_ms) == choice


def test_one_time_that_was_missed() -> None:
    at = {"kind": "at", "at": 1000}
    assert choose_tick(_job("once", at), LIMITS, 1000, 9000) == TickChoice(1000, None, 0)
    skipped = choose_tick(_job("skip", at), LIMITS, 1000, 9000)
    assert skipped == TickChoice(1000, None, 0, fires=False)


def test_a_time_zone_of_missed_ticks() -> None:
    schedule = {"kind": "cron", "expr": "0 7 * * *", "tz": "Europe/Berlin"}
    day = 86_400_000
    first = 1_772_172_000_000
    choice = choose_tick(_job("once", schedule), LIMITS, first, first + 3 * day + 1)
    assert choice == TickChoice(first + 3 * day, first + 4 * day, 3)


@given(
    missed=st.sampled_from(["once", "skip", "all"]),
    every_ms=st.integers(3, 500),
    due=st.integers(0, 1000),
    looks=st.lists(st.integers(0, 2000), max_size=30),
)
def test_every_tick_is_fired_or_counted_exactly_once(
    missed: str, every_ms: int, due: int, looks: list[int]
) -> None:
    job = _job(missed, _every(every_ms))
    due_ms = first = due * every_ms
    now, accounted = first, 0
    for pause in looks:
        now += pause
        while due_ms <= now:
            choice = choose_tick(job, LIMITS, due_ms, now)
            assert due_ms <= choice.at_ms <= now
            accounted += choice.missed + 1
            assert choice.next_ms is not None
            assert choice.next_ms > choice.at_ms
            due_ms = choice.next_ms
    assert accounted == (due_ms - first) // every_ms
