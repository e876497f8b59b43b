"""Cron jobs and the schedule: putting them in, pausing them, firing what is due."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from openclaw_common.automation.cron_ticks import (
    NO_AGENT,
    CronTicks,
    may_be_known_elsewhere,
    tick_run_id,
)
from openclaw_common.automation.job_times import TickChoice, choose_tick, next_tick_ms
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.tenants import without_tenant
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.cron import EVERY, CronJob
from openclaw_common.store.cron_jobs import entry_of
from openclaw_common.store.schedule import (
    DueEntry,
    Fired,
    FireOutcome,
    HistoryLimits,
    Origin,
    Schedule,
    ScheduledRecord,
)
from openclaw_common.store.store import Store


def settings_digest(definition: dict[str, Any]) -> str:
    """Return the digest by which two definitions are told apart."""
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()


def history_limits(config: Config) -> HistoryLimits:
    """Return how much history entries of the schedule keep."""
    cron = config.cron
    return HistoryLimits(cron.max_run_history, cron.run_history_retention_seconds * 1000)


def read_job(record: ScheduledRecord) -> CronJob:
    """Return the job of a record."""
    return CronJob.model_validate(orjson.loads(record.definition))


class CronScheduler:
    """The cron jobs of the fleet, or of one `schedule`. Every call raises StoreUnavailable."""

    def __init__(self, config: Config, store: Store, schedule: Schedule | None = None) -> None:
        self._config = config
        self._limits = config.cron
        self._schedule = schedule or store.schedule
        self._history = history_limits(config)
        self._ticks = CronTicks(config, store)

    async def put(self, job_id: str, job: CronJob, origin: Origin, *, new: bool = False) -> str:
        """Put a job into the schedule; returns what `Schedule.put` does."""
        now_ms = await self._schedule.now_ms()
        kept = _anchored(job, now_ms)
        return await self._schedule.put(
            entry_of(job_id),
            orjson.dumps(_written(kept, job_id)),
            # Without the anchor, so that a job that names none stays the same job.
            settings_digest(_written(job, job_id)),
            origin,
            due_ms=next_tick_ms(kept.schedule, now_ms) if job.enabled else None,
            enabled=job.enabled,
            new=new,
            most_jobs=self._limits.max_jobs,
        )

    async def enable(self, record: ScheduledRecord, *, enabled: bool) -> bool:
        """Pause a job, or let it go on with its next tick from now; whether it is still there."""
        due_ms = None
        if enabled:
            due_ms = next_tick_ms(read_job(record).schedule, await self._schedule.now_ms())
        return await self._schedule.enable(record.name, enabled=enabled, due_ms=due_ms)

    async def fire(self, entry: DueEntry, now_ms: int) -> Fired | None:
        """Fire what is due of one job; None when the job is gone.

        A job of an agent that is not configured here is left to others for `cron.missedGraceMs`.
        """
        record = await self._schedule.record(entry.name)
        if record is None:
            return None
        job = read_job(record)
        choice = choose_tick(job, self._limits, entry.due_ms, now_ms)
        run_id = tick_run_id(entry.name, record.created_ms, choice.at_ms)
        tick = await self._ticks.tick(entry.rest, job, record, choice, run_id)
        if tick.reason == NO_AGENT and may_be_known_elsewhere(self._config, entry, now_ms):
            return Fired(FireOutcome.LEFT, NO_AGENT)
        return await self._schedule.fire(entry, tick, self._history)

    async def fire_now(self, job_id: str, record: ScheduledRecord) -> tuple[Fired, str | None]:
        """Do what a tick does, whatever the schedule says; returns its run's id too, if any."""
        job = read_job(record).model_copy(update={"delete_after_run": False})
        choice = TickChoice(await self._schedule.now_ms(), None, 0)
        tick = await self._ticks.tick(job_id, job, record, choice, new_run_id())
        fired = await self._schedule.fire_now(record.name, tick, self._history)
        return fired, tick.run.id if tick.run else None


def _written(job: CronJob, job_id: str) -> dict[str, Any]:
    written = job.model_dump(by_alias=True, exclude_none=True)
    return {**written, "id": without_tenant(job_id)}


def _anchored(job: CronJob, now_ms: int) -> CronJob:
    schedule = job.schedule
    if schedule.kind != EVERY or schedule.anchor_ms is not None:
        return job
    anchored = schedule.model_copy(update={"anchor_ms": now_ms})
    return job.model_copy(update={"schedule": anchored})
