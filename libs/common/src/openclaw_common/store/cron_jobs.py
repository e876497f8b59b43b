"""Cron jobs as a list, and the history of what they did."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from openclaw_common.store.keys import RUN
from openclaw_common.store.schedule import CRON, Schedule, ScheduledRecord

_CURSOR: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,9}\Z")


@dataclass(frozen=True, slots=True)
class PastTick:
    """One tick of a job: due at `tick_ms`, dealt with at `at_ms`, Unix ms.

    `outcome` is `run`, `event` or `skip`, `reason` says why it was skipped. `missed` counts the
    ticks before it that it stands for. `manual` tells one that a user asked for.
    """

    id: str
    tick_ms: int
    outcome: str
    reason: str | None
    run_id: str | None
    missed: int
    manual: bool

    @property
    def at_ms(self) -> int:
        """When it was dealt with."""
        return int(self.id.partition("-")[0])


def entry_of(job_id: str) -> str:
    """Return the name of a job's entry in the schedule."""
    return f"{CRON}:{job_id}"


def job_id_of(entry: str) -> str:
    """Return the job of an entry in the schedule."""
    return entry.removeprefix(f"{CRON}:")


def is_cursor(text: str) -> bool:
    """Whether `text` is the id of a past tick."""
    return _CURSOR.match(text) is not None


@dataclass(frozen=True, slots=True)
class CronJobs:
    """The cron jobs of one cell. Every call raises StoreUnavailable."""

    schedule: Schedule

    async def names(self) -> list[str]:
        """Return the entries of all jobs, the newest first; equally old ones by name."""
        scripts = self.schedule.scripts
        found = await scripts.client.execute("ZREVRANGE", scripts.keys.cron, 0, -1)
        return [name.decode() for name in found]

    async def all(self) -> list[ScheduledRecord]:
        """Return all jobs, the newest first."""
        records = [await self.schedule.record(name) for name in await self.names()]
        return [record for record in records if record is not None]

    async def get(self, job_id: str) -> ScheduledRecord | None:
        """Return one job, None for one that is not there."""
        return await self.schedule.record(entry_of(job_id))

    async def history(
        self, job_id: str, *, after: str, limit: int, newer: bool = False
    ) -> list[PastTick]:
        """Return up to `limit` ticks behind the one with id `after`, or all, newest first.

        With `newer` those that came after it, oldest first.
        """
        scripts = self.schedule.scripts
        command, start, end = ("XRANGE", "-", "+") if newer else ("XREVRANGE", "+", "-")
        found = await scripts.client.execute(
            command,
            scripts.keys.ticks(entry_of(job_id)),
            f"({after}" if after else start,
            end,
            "COUNT",
            limit,
        )
        return [_tick(entry.decode(), fields) for entry, fields in found]

    async def statuses(self, run_ids: Iterable[str]) -> dict[str, str]:
        """Return the status of each run that still has a record."""
        client, keys = self.schedule.scripts.client, self.schedule.scripts.keys
        asked = {each: client.submit("HGET", keys.record(RUN, each), "status") for each in run_ids}
        found = {run_id: await client.settle(status) for run_id, status in asked.items()}
        return {run_id: status.decode() for run_id, status in found.items() if status}


def _tick(entry: str, flat: list[bytes]) -> PastTick:
    fields = {
        name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)
    }
    return PastTick(
        id=entry,
        tick_ms=int(fields["tick"]),
        outcome=fields["outcome"],
        reason=fields["reason"] or None,
        run_id=fields["run_id"] or None,
        missed=int(fields["missed"]),
        manual=fields["manual"] == "1",
    )
