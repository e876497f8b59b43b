"""Leases: claim, renew, release and finish, and the `Lease` that a job function works under.

The attempt number is the fencing token: every write of an attempt names it, and Redis refuses what
an older attempt writes, whatever its process believes (design: One mechanism under both queues).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from redis.exceptions import ResponseError

from openclaw_common.contracts.errors import ErrorBody, StoreUnavailable
from openclaw_common.contracts.run import RunResult, RunStatus
from openclaw_common.contracts.run_event import RUN_IN_PROGRESS, RUN_RESET
from openclaw_common.store.client import retry_while_unavailable
from openclaw_common.store.connections import Arg
from openclaw_common.store.jobs import JobScripts

Event = tuple[str, bytes]
"""Type and JSON data of a run event that has no number yet."""


class LeaseLost(Exception):
    """Another attempt owns this job now; nothing more may be written for it."""


@dataclass(frozen=True, slots=True)
class ClaimLimits:
    """How claim treats leases and crashes."""

    lease_ms: int
    max_crashes: int
    quarantine_after_crashes: int


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """One job as claim gave it; `payload` is None for an arq job that has no record."""

    job_id: str
    attempt: int
    arq_job: bytes | None
    payload: bytes | None
    crashes: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What claim answered.

    `due_in_ms` is the time until something may be due again (None: nothing is queued).
    `exclusive`: the only job came from quarantine and runs alone. `reserved`: a quarantined job
    waits for this worker to run nothing.
    """

    jobs: tuple[ClaimedJob, ...]
    due_in_ms: int | None
    exclusive: bool
    reserved: bool


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How much of a transcript is kept, and how long, in ms."""

    max_messages: int
    retention_ms: int


@dataclass(frozen=True, slots=True)
class Leases:
    """The lease steps of one kind of job; shared by all leases of a process."""

    scripts: JobScripts
    limits: ClaimLimits
    session_limits: SessionLimits

    async def claim(self, worker_id: str, limit: int, *, idle: bool) -> Claim:
        """Take up to `limit` due jobs; `idle` says that the process runs nothing else."""
        reply = await self.scripts.call(
            "claim",
            (
                worker_id,
                self.limits.lease_ms,
                limit,
                int(idle),
                self.limits.max_crashes,
                self.limits.quarantine_after_crashes,
                RUN_IN_PROGRESS,
                RUN_RESET,
            ),
        )
        jobs = tuple(
            ClaimedJob(job[0].decode(), job[1], job[2], job[3], job[4], job[5]) for job in reply[3:]
        )
        due = reply[0]
        return Claim(jobs, None if due < 0 else due, bool(reply[1]), bool(reply[2]))

    async def renew(self, worker_id: str, held: Sequence[tuple[str, int]]) -> list[str]:
        """Prolong leases given as (job id, attempt).

        Answers per lease `""` for renewed, `"lost"`, or the reason of a cancellation.
        """
        flat: list[Arg] = []
        for job_id, attempt in held:
            flat += (job_id, attempt)
        reply = await self.scripts.call("renew", (worker_id, self.limits.lease_ms, *flat))
        return [code.decode() for code in reply]

    async def release(
        self, worker_id: str, job_id: str, attempt: int, *, delay_ms: int = 0, counter: str = ""
    ) -> bool:
        """Hand a job back; False when another attempt owns it. `counter` names a field to raise."""
        reply = await self.scripts.call("release", (job_id, attempt, delay_ms, worker_id, counter))
        return bool(reply)

    async def release_worker(self, worker_id: str) -> int:
        """Hand back every lease of a process that is known to be dead; returns how many."""
        return int(await self.scripts.call("release_worker", (worker_id,)))

    async def release_unknown(self, worker_id: str, held: Mapping[str, int]) -> None:
        """Hand back leases of this process that it does not know of (job id → attempt).

        They come from a claim whose answer was lost on the way.
        """
        scripts = self.scripts
        key = scripts.keys.leases(scripts.kind, worker_id)
        flat = await scripts.client.execute("HGETALL", key)
        for name, attempt in zip(flat[::2], flat[1::2], strict=True):
            if held.get(name.decode()) != int(attempt):
                await self.release(worker_id, name.decode(), int(attempt))

    async def wake(self) -> None:
        """Put one wake token back."""
        scripts = self.scripts
        await scripts.client.execute("LPUSH", scripts.keys.wake(scripts.kind), "1")

    async def settle_plain(
        self, worker_id: str, job_id: str, attempt: int, *, result: bytes = b"", keep_ms: int = 0
    ) -> bool:
        """End an arq job without a record; False when the attempt is stale."""
        reply = await self.scripts.call(
            "settle_plain", (job_id, attempt, worker_id, result, keep_ms)
        )
        return bool(reply)

    def lease(self, worker_id: str, job: ClaimedJob) -> Lease:
        """Return the lease of a claimed job that has a record."""
        return Lease(
            leases=self,
            worker_id=worker_id,
            job_id=job.job_id,
            id=self.scripts.keys.record_id(job.job_id),
            attempt=job.attempt,
            crashes=job.crashes,
            payload=job.payload or b"",
            _sequence=job.sequence,
        )


@dataclass(slots=True, eq=False)
class Lease:
    """The right to execute one job, for one attempt.

    The worker sets `cancel_reason`, `lost` or `draining` before it cancels the job function's
    asyncio task. A function settles its lease with `finish` or `release`; `settled` says that it
    did. Methods that write raise LeaseLost once another attempt owns the job; while Redis is away
    they try again for as long as the lease can still be held.
    """

    leases: Leases
    worker_id: str
    job_id: str
    id: str
    attempt: int
    crashes: int
    payload: bytes
    cancel_reason: str | None = None
    lost: bool = False
    draining: bool = False
    settled: bool = False
    _sequence: int = field(default=0, repr=False)

    async def publish(self, events: Sequence[Event]) -> None:
        """Append run events; they are numbered on, and are in Redis when this returns.

        A plain pipelined XADD at explicit ids (design: publish): Redis refuses every id of an
        attempt that another one has followed, and a write that is sent again after an unclear
        failure cannot double.
        """
        if self.lost:
            raise LeaseLost
        first = self._sequence + 1
        self._sequence += len(events)
        await self._persist(lambda: self._append(first, events))

    async def _append(self, first: int, events: Sequence[Event]) -> None:
        scripts = self.leases.scripts
        key = scripts.keys.events(scripts.kind, self.id)
        futures = [
            scripts.client.submit(
                "XADD", key, "NOMKSTREAM", f"{self.attempt}-{first + offset}", type_, data
            )
            for offset, (type_, data) in enumerate(events)
        ]
        refused = False
        for future in futures:
            try:
                if await scripts.client.settle(future) is None:
                    self.lost = True
            except ResponseError as error:
                if "equal or smaller" not in str(error):
                    raise
                refused = True
        if refused and not await self._wrote(first + len(events) - 1):
            self.lost = True
        if self.lost:
            raise LeaseLost

    async def _wrote(self, sequence: int) -> bool:
        """Whether this attempt itself wrote `sequence`, in an earlier try whose answer was lost."""
        scripts = self.leases.scripts
        entry = f"{self.attempt}-{sequence}"
        key = scripts.keys.events(scripts.kind, self.id)
        last = await scripts.client.execute("XREVRANGE", key, "+", "-", "COUNT", 1)
        return bool(last) and last[0][0].decode() == entry

    async def checkpoint(self, name: str, value: bytes) -> None:
        """Record a finished step under `name`, for a later attempt."""
        scripts = self.leases.scripts
        written = await self._persist(
            lambda: scripts.call("checkpoint", (self.id, self.attempt, name, value))
        )
        if not written:
            self.lost = True
            raise LeaseLost

    async def checkpoints(self) -> dict[str, bytes]:
        """Return the steps that earlier attempts finished."""
        scripts = self.leases.scripts
        key = scripts.keys.checkpoints(scripts.kind, self.id)
        flat = await scripts.client.execute("HGETALL", key)
        return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}

    async def finish(
        self,
        status: RunStatus,
        *,
        events: Sequence[Event],
        result: RunResult | None = None,
        error: ErrorBody | None = None,
        session_key: str = "",
        agent_id: str = "",
        transcript: Sequence[bytes] = (),
    ) -> None:
        """End the job: `events` close its stream, the last one is the terminal event.

        With a `session_key` the `transcript` messages are appended to that session in the same
        step; a transcript without one is a ValueError.
        """
        if transcript and not session_key:
            raise ValueError("a transcript needs the session key it belongs to")
        fields: dict[str, Arg] = {}
        if result is not None:
            fields["result"] = result.encode()
        if error is not None:
            fields["error"] = orjson.dumps(error.to_record())
        await self._finish(status, events, fields, session_key, agent_id, transcript)

    async def _finish(
        self,
        status: RunStatus,
        events: Sequence[Event],
        fields: Mapping[str, Arg],
        session_key: str,
        agent_id: str,
        transcript: Sequence[bytes],
    ) -> None:
        if self.lost:
            raise LeaseLost
        scripts, limits = self.leases.scripts, self.leases.session_limits
        flat_events: list[Arg] = [item for event in events for item in event]
        flat_fields: list[Arg] = [item for pair in fields.items() for item in pair]
        args = (
            self.id,
            self.attempt,
            status.value,
            limits.max_messages,
            limits.retention_ms,
            agent_id,
            len(flat_events),
            *flat_events,
            len(flat_fields),
            *flat_fields,
            *transcript,
        )
        session_keys = (
            (scripts.keys.session(session_key), scripts.keys.transcript(session_key))
            if session_key
            else ("", "")
        )
        reply = await self._persist(lambda: scripts.call("finish", args, session_keys))
        if reply != b"finished":
            self.lost = True
            raise LeaseLost
        self.settled = True

    async def release(self, delay_s: float = 0.0, *, counter: str = "") -> None:
        """Hand the job back, to be claimed again after `delay_s` seconds."""
        released = await self._persist(
            lambda: self.leases.release(
                self.worker_id,
                self.job_id,
                self.attempt,
                delay_ms=round(delay_s * 1000),
                counter=counter,
            )
        )
        if not released:
            self.lost = True
            raise LeaseLost
        self.settled = True

    async def _persist(self, attempt: Any) -> Any:
        try:
            return await retry_while_unavailable(
                attempt, budget_s=self.leases.limits.lease_ms / 1000
            )
        except StoreUnavailable as error:
            self.lost = True
            raise LeaseLost from error
