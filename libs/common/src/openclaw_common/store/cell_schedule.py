"""The schedule of several cells: a heartbeat or cron job is in the founding cell of its name.

A wake is in the cell of its session, where the events are that it wakes for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.cells import Cells
from openclaw_common.store.cron_jobs import CronJobs, PastTick, entry_of
from openclaw_common.store.schedule import (
    WAKE,
    DueEntry,
    Fired,
    HistoryLimits,
    Origin,
    Schedule,
    ScheduledRecord,
    Tick,
)


@dataclass(frozen=True, slots=True)
class CellSchedule(Schedule):
    """The entries of all cells, by their names."""

    cells: Cells = field(kw_only=True)

    def of(self, name: str) -> Schedule:
        """Return the schedule that has an entry."""
        return self.cells.named(name).schedule

    async def now_ms(self) -> int:
        """Return the clock of the first cell that answers."""
        for store in self.cells.stores[:-1]:
            try:
                return await store.schedule.now_ms()
            except StoreUnavailable:
                continue
        return await self.cells.stores[-1].schedule.now_ms()

    async def names(self, sort: str) -> set[str]:
        """See Schedule."""
        found = await asyncio.gather(*(store.schedule.names(sort) for store in self.cells.stores))
        return set().union(*found)

    async def record(self, name: str) -> ScheduledRecord | None:
        """See Schedule."""
        return await self.of(name).record(name)

    async def put(
        self,
        name: str,
        definition: bytes,
        settings: str,
        origin: Origin,
        *,
        due_ms: int | None,
        enabled: bool = True,
        new: bool = False,
        most_jobs: int | None = None,
    ) -> str:
        """See Schedule; `most_jobs` holds in each cell."""
        return await self.of(name).put(
            name,
            definition,
            settings,
            origin,
            due_ms=due_ms,
            enabled=enabled,
            new=new,
            most_jobs=most_jobs,
        )

    async def enable(self, name: str, *, enabled: bool, due_ms: int | None) -> bool:
        """See Schedule."""
        return await self.of(name).enable(name, enabled=enabled, due_ms=due_ms)

    async def remove(self, name: str, origin: Origin) -> str:
        """See Schedule."""
        return await self.of(name).remove(name, origin)

    async def fire(self, entry: DueEntry, tick: Tick, history: HistoryLimits | None) -> Fired:
        """See Schedule. Raises ValueError for a wake, which only its own cell can fire."""
        if entry.sort == WAKE:
            raise ValueError("a wake is fired by the schedule of the cell that it is in")
        return await self.of(entry.name).fire(entry, tick, history)

    async def fire_now(self, name: str, tick: Tick, history: HistoryLimits) -> Fired:
        """See Schedule."""
        return await self.of(name).fire_now(name, tick, history)


@dataclass(frozen=True, slots=True)
class CellCronJobs(CronJobs):
    """The cron jobs of all cells."""

    cells: Cells

    async def names(self) -> list[str]:
        """See CronJobs; the newest of each cell first."""
        return [record.name for record in await self.all()]

    async def all(self) -> list[ScheduledRecord]:
        """See CronJobs."""
        found = await asyncio.gather(*(store.cron_jobs.all() for store in self.cells.stores))
        records = [record for some in found for record in some]
        return sorted(records, key=lambda record: (-record.created_ms, record.name))

    async def history(
        self, job_id: str, *, after: str, limit: int, newer: bool = False
    ) -> list[PastTick]:
        """See CronJobs."""
        jobs = self.cells.named(entry_of(job_id)).cron_jobs
        return await jobs.history(job_id, after=after, limit=limit, newer=newer)

    async def statuses(self, run_ids: Iterable[str]) -> dict[str, str]:
        """See CronJobs."""
        groups = self.cells.by_cell(list(run_ids))
        found = await asyncio.gather(
            *(self.cells.stores[cell].cron_jobs.statuses(ids) for cell, ids in groups.items())
        )
        return {run_id: status for some in found for run_id, status in some.items()}
