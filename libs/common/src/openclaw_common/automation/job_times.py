"""When a cron job is due, and which of the ticks that have come by are fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from openclaw_common.runtime.config.cron import AT, CRON, Cron, CronJob, CronSchedule
from openclaw_common.runtime.cron_times import last_crons_ms, next_cron_ms

MOST_COUNTED: Final = 1000
"""Missed ticks that are counted; more are told as so many."""


@dataclass(frozen=True, slots=True)
class TickChoice:
    """The tick to fire, and the due time after it (None: there is none).

    `missed` counts those before it that nobody fires. Without `fires` this one is skipped too.
    """

    at_ms: int
    next_ms: int | None
    missed: int
    fires: bool = True


def next_tick_ms(schedule: CronSchedule, after_ms: int) -> int | None:
    """Return the first tick later than `after_ms`, Unix ms. An `every` needs its anchor."""
    if schedule.kind == CRON:
        return next_cron_ms(schedule.expr or "", schedule.tz or "UTC", after_ms)
    if schedule.kind == AT:
        at_ms = schedule.at_ms()
        return at_ms if at_ms > after_ms else None
    every_ms, anchor_ms = _rhythm(schedule)
    return anchor_ms + every_ms * max(0, (after_ms - anchor_ms) // every_ms + 1)


def choose_tick(job: CronJob, limits: Cron, due_ms: int, now_ms: int) -> TickChoice:
    """Return what becomes of the tick that was due at `due_ms`, by the job's `missed` policy.

    `once`: one run for all ticks that have come since, the latest. `skip`: the same, but not later
    than `cron.missedGraceMs`. `all`: each of the last `cron.maxMissedTicks` ticks, one after
    another.
    """
    schedule = job.schedule
    ticks = _ticks_ms(schedule, due_ms, now_ms, MOST_COUNTED)
    if job.missed == "all":
        kept = ticks[-limits.max_missed_ticks :]
        return TickChoice(kept[0], next_tick_ms(schedule, kept[0]), len(ticks) - len(kept))
    latest = ticks[-1]
    in_time = job.missed == "once" or now_ms - latest <= limits.missed_grace_ms
    return TickChoice(latest, next_tick_ms(schedule, latest), len(ticks) - 1, in_time)


def _ticks_ms(schedule: CronSchedule, due_ms: int, now_ms: int, most: int) -> tuple[int, ...]:
    """Return the last ticks from `due_ms`, which is one, to `now_ms`."""
    if schedule.kind == CRON:
        expression, zone = schedule.expr or "", schedule.tz or "UTC"
        later = last_crons_ms(expression, zone, due_ms, now_ms, most)
    elif schedule.kind == AT:
        later = ()
    else:
        every_ms, _ = _rhythm(schedule)
        count = max(0, now_ms - due_ms) // every_ms
        first = max(1, count - most + 1)
        later = tuple(due_ms + every_ms * n for n in range(first, count + 1))
    return later if len(later) >= most else (due_ms, *later)


def _rhythm(schedule: CronSchedule) -> tuple[int, int]:
    if schedule.every_ms is None or schedule.anchor_ms is None:
        raise ValueError("a schedule of kind every is kept with its interval and anchor")
    return schedule.every_ms, schedule.anchor_ms
