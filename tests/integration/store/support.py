"""Words for tests of the atomic steps: submit, claim, let a lease run out, look at what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import redis.asyncio

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import MESSAGE_DELTA, RUN_COMPLETED, encode_delta
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config.limits import Runs
from openclaw_common.store.admission import Bounds
from openclaw_common.store.keys import RUN
from openclaw_common.store.lease_steps import Leases
from openclaw_common.store.leases import Lease
from openclaw_common.store.runs import RunRecord
from openclaw_common.store.store import Store

LONG_LEASE = Runs(lease_ms=60_000)
"""A lease that does not run out by itself: tests say when it does."""
COUNTING_LEASE_MS = 400
"""A crash counts only once Redis has been up for two leases; the fixture waits for that."""
NEVER = float("inf")


def request(session: str = "s", **fields: Any) -> RunRequest:
    """A request of session `session`; other fields as given."""
    return replace(RunRequest("main", session, "chat", "openclaw", Turn("user", "hi")), **fields)


def deltas(*texts: str) -> list[tuple[str, bytes]]:
    """Text events for `publish`."""
    return [(MESSAGE_DELTA, encode_delta(text)) for text in texts]


@dataclass(frozen=True)
class Bench:
    """A store, and a second pair of eyes on the same Redis."""

    store: Store
    redis: redis.asyncio.Redis

    @property
    def counting(self) -> Leases:
        """The lease steps with a lease short enough for crashes to count."""
        leases = self.store.leases
        return replace(leases, limits=replace(leases.limits, lease_ms=COUNTING_LEASE_MS))

    def bounded(self, **bounds: int) -> Store:
        """The store with other bounds for `admit`."""
        admission = self.store.admission
        changed: Bounds = replace(admission.bounds, **bounds)
        jobs = replace(self.store.run_jobs, admission=replace(admission, bounds=changed))
        return replace(self.store, run_jobs=jobs)

    async def submit(self, session: str = "s", **options: Any) -> str:
        """Admit a run of `session`; return its id."""
        run_id = new_run_id()
        await RunQueue(self.store).submit(run_id, request(session), **options)
        return run_id

    async def claim(self, worker: str = "w1", *, limit: int = 10, idle: bool = True) -> list[Lease]:
        """Claim what is due, as leases."""
        claim = await self.counting.claim(worker, limit, idle=idle)
        return [Lease.of(self.store.leases, worker, job) for job in claim.jobs]

    async def claim_one(self, worker: str = "w1", *, idle: bool = True) -> Lease:
        """Claim the one job that is due."""
        (lease,) = await self.claim(worker, idle=idle)
        return lease

    async def lapse(self, *run_ids: str) -> None:
        """Let leases run out: their jobs are due, and workers have been heard meanwhile."""
        keys = self.store.keys
        seconds, microseconds = await self.redis.time()
        heard_ms = seconds * 1000 + microseconds // 1000
        await self.redis.hset(keys.presence(RUN), "heard_ms", heard_ms)
        await self.redis.expire(keys.presence(RUN), 60)
        for run_id in run_ids:
            for key in (keys.queue(RUN), keys.quarantine(RUN)):
                await self.redis.zadd(key, {keys.job_id(run_id): 1}, xx=True)

    async def lapse_plain(self, job_id: str) -> None:
        """Let the lease of an arq job without a record run out."""
        await self.redis.zadd(self.store.keys.queue(RUN), {job_id: 1}, xx=True)

    async def crash(self, run_id: str, worker: str = "w1") -> Lease:
        """Let a lease run out and claim the job again."""
        await self.lapse(run_id)
        return await self.claim_one(worker)

    async def pass_deadline(self, run_id: str, field: str) -> None:
        """Move a waiting run's `expires_ms` or `abandon_ms` into the past."""
        keys = self.store.keys
        await self.redis.hset(keys.record(RUN, run_id), field, 1)
        await self.redis.zadd(keys.open(RUN), {run_id: 1}, xx=True)

    async def field(self, run_id: str, name: str) -> str | None:
        """One field of the record as text."""
        value = await self.redis.hget(self.store.keys.record(RUN, run_id), name)
        return None if value is None else value.decode()

    async def record(self, run_id: str) -> RunRecord:
        """The record, which must exist."""
        record = await self.store.runs.get(run_id)
        assert record is not None
        return record

    async def status(self, run_id: str) -> RunStatus:
        """The run's status."""
        return (await self.record(run_id)).status

    async def events(self, run_id: str) -> list[tuple[int, int, str]]:
        """The stream as (attempt, sequence, type)."""
        found = await self.store.streams.read(run_id)
        return [(event.attempt, event.sequence, event.type) for event in found]

    async def endless(self) -> set[str]:
        """Keys without a life time, by the part that names their sort.

        Without the lists of runs: `expire` takes a run out of them when its record is gone.
        """
        keys = [key.decode() async for key in self.redis.scan_iter()]
        endless = {key for key in keys if await self.redis.pttl(key) < 0}
        names = {key.removeprefix(self.store.keys.jobs(RUN)) for key in endless}
        return {name for name in names if not name.startswith(("index", "aging", "by:"))}


async def complete(lease: Lease, text: str = "done", **options: Any) -> None:
    """Finish a lease's run with a result."""
    await lease.finish(
        RunStatus.COMPLETED,
        events=[(RUN_COMPLETED, b'{"usage":{}}')],
        result=RunResult(text),
        **options,
    )
