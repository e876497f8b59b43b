"""The schedule: what the fleet is to do at a time, in one sorted set, with nobody in charge of it.

    wake:<agent_id>:<session_key>     system events wait for the agent
    heartbeat:<agent_id>              its next turn by itself
    cron:<job_id>                     the job's next tick

Any process may take what is due: `fire` compares the due time it has read with the one that stands
there, and does all that the tick causes, the next due time included, in the same step. Times are
Unix ms by Redis' clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

import orjson

from openclaw_common.store.admission import Bounds
from openclaw_common.store.connections import Arg
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.ticks import (
    DueEntry,
    Fired,
    FireOutcome,
    HistoryLimits,
    NewRun,
    Tick,
    TurnLimits,
)

__all__ = [
    "CRON",
    "HEARTBEAT",
    "WAKE",
    "DueEntry",
    "FireOutcome",
    "Fired",
    "HistoryLimits",
    "NewRun",
    "Origin",
    "Schedule",
    "ScheduledRecord",
    "Tick",
    "TurnLimits",
]

WAKE: Final = "wake"
HEARTBEAT: Final = "heartbeat"
CRON: Final = "cron"
SCAN_COUNT: Final = 1000
_RECORD: Final = (
    "settings",
    "definition",
    "origin",
    "enabled",
    "created_ms",
    "updated_ms",
    "last_tick_ms",
    "last_outcome",
    "last_reason",
    "last_run_id",
)


class Origin(StrEnum):
    """Who has put an entry into the schedule."""

    CONFIG = "config"
    API = "api"


@dataclass(frozen=True, slots=True)
class ScheduledRecord:
    """A heartbeat or cron job as it stands in Redis; no time or text where there was none yet."""

    name: str
    settings: str
    definition: bytes
    origin: Origin
    enabled: bool
    created_ms: int
    updated_ms: int
    next_ms: int | None
    last_tick_ms: int | None
    last_outcome: str | None
    last_reason: str | None
    last_run_id: str | None


class Elsewhere(Protocol):
    """Knows where else than in one cell sessions are."""

    async def find(self, session_key: str) -> tuple[int | None, tuple[Arg, ...]]:
        """Return the other cell that a session is in, None for none, and what a step takes."""
        ...

    def refused(self, reply: Any) -> None:
        """Raise StoreUnavailable for an answer that says that it is somewhere else by now."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of one cell. Every call raises StoreUnavailable.

    `elsewhere` is given where there are other cells; it says where a session is. A tick's run that
    is another cell's goes there behind what went there before.
    """

    scripts: JobScripts
    bounds: Bounds
    turns: TurnLimits
    elsewhere: Elsewhere | None = None

    async def now_ms(self) -> int:
        """Return Redis' clock."""
        seconds, microseconds = await self.scripts.client.execute("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def first(self, offset: int, count: int) -> tuple[int, list[DueEntry]]:
        """Return Redis' clock, and `count` entries behind the `offset` that are due before them."""
        client, keys = self.scripts.client, self.scripts.keys
        time = client.submit("TIME")
        listed = client.submit("ZRANGE", keys.schedule, offset, offset + count - 1, "WITHSCORES")
        seconds, microseconds = await client.settle(time)
        flat = await client.settle(listed)
        entries = [
            DueEntry(name.decode(), int(float(score)))
            for name, score in zip(flat[::2], flat[1::2], strict=True)
        ]
        return int(seconds) * 1000 + int(microseconds) // 1000, entries

    async def names(self, sort: str) -> set[str]:
        """Return the entries of one sort."""
        found: set[str] = set()
        cursor = "0"
        while True:
            reply = await self.scripts.client.execute(
                "ZSCAN",
                self.scripts.keys.schedule,
                cursor,
                "MATCH",
                f"{sort}:*",
                "COUNT",
                SCAN_COUNT,
            )
            found.update(name.decode() for name in reply[1][::2])
            cursor = reply[0].decode()
            if cursor == "0":
                return found

    async def record(self, name: str) -> ScheduledRecord | None:
        """Return a heartbeat or cron job, None for one that is not there."""
        client, keys = self.scripts.client, self.scripts.keys
        fields = client.submit("HMGET", keys.scheduled(name), *_RECORD)
        due = client.submit("ZSCORE", keys.schedule, name)
        return _record(name, await client.settle(fields), await client.settle(due))

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
        """Put an entry into the schedule, or bring it up to date where `settings` differ.

        With `new` one that is there is left alone; `most_jobs` counts it as a cron job. Returns
        `created`, `changed`, `unchanged`, `exists` or `full`.
        """
        given: dict[str, Any] = {
            "entry": name,
            "settings": settings,
            "definition": definition.decode(),
            "origin": origin,
            "enabled": enabled,
            "new": new,
            "cron": most_jobs is not None,
        }
        if due_ms is not None:
            given["due"] = due_ms
        if most_jobs is not None:
            given["most"] = most_jobs
        reply = await self.scripts.call("schedule", (orjson.dumps(given),))
        return str(reply.decode())

    async def enable(self, name: str, *, enabled: bool, due_ms: int | None) -> bool:
        """Pause an entry, or let it go on at `due_ms`; whether it is there."""
        due = "" if due_ms is None else due_ms
        return bool(await self.scripts.call("reschedule", (name, int(enabled), due)))

    async def remove(self, name: str, origin: Origin) -> str:
        """Take an entry out; returns `removed`, `missing`, or `refused` for one of other origin."""
        reply = await self.scripts.call("unschedule", (name, origin))
        return str(reply.decode())

    async def fire(self, entry: DueEntry, tick: Tick, history: HistoryLimits | None) -> Fired:
        """Do what a due entry's tick does, unless somebody else has. May be sent again."""
        return await self._fire({"entry": entry.name, "due": entry.due_ms}, tick, history)

    async def fire_now(self, name: str, tick: Tick, history: HistoryLimits) -> Fired:
        """Do what a tick does although it is not due, and leave the schedule as it is."""
        return await self._fire({"entry": name, "manual": True}, tick, history)

    async def _fire(self, plan: dict[str, Any], tick: Tick, history: HistoryLimits | None) -> Fired:
        plan |= tick.plan(self.bounds, self.turns, history)
        run = tick.run
        checks: tuple[Arg, ...] = ()
        if self.elsewhere is not None:
            cell, checks = await self.elsewhere.find(run.session_key if run else "")
            if cell is not None:
                plan["run"]["cell"] = f"c{cell}"
        fields: tuple[Arg, ...] = (run.arq_job, *run.fields) if run else ("",)
        accepted = False
        try:
            step = "fire_in_cells" if checks else "fire"
            reply = await self.scripts.call(step, (orjson.dumps(plan), *fields, *checks))
            if self.elsewhere is not None:
                self.elsewhere.refused(reply)
            outcome, why = FireOutcome(reply[0].decode()), reply[1] if len(reply) > 1 else b""
            accepted = outcome is FireOutcome.RUN
        finally:
            if run is not None and run.sending is not None:
                run.sending.settle(accepted)
        if isinstance(why, int):
            return Fired(outcome, in_ms=why)
        return Fired(outcome, why.decode())


def _record(name: str, values: list[bytes | None], due: bytes | None) -> ScheduledRecord | None:
    found = {key: value.decode() for key, value in zip(_RECORD, values, strict=True) if value}
    if "settings" not in found:
        return None
    return ScheduledRecord(
        name=name,
        settings=found["settings"],
        definition=found["definition"].encode(),
        origin=Origin(found["origin"]),
        enabled=found["enabled"] == "1",
        created_ms=int(found["created_ms"]),
        updated_ms=int(found["updated_ms"]),
        next_ms=None if due is None else int(float(due)),
        last_tick_ms=int(found["last_tick_ms"]) if "last_tick_ms" in found else None,
        last_outcome=found.get("last_outcome"),
        last_reason=found.get("last_reason"),
        last_run_id=found.get("last_run_id"),
    )
