"""The steps that give, prolong and take back leases: claim, renew, release.

The attempt number is the fencing token: every write of an attempt names it, and Redis refuses what
an older attempt writes, whatever its process believes (design: One mechanism under both queues).
What a job function may write under its lease is in `leases`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.store.connections import Arg
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.sessions import SessionLimits

CLAIM_BYTES: Final = 8_388_608
"""Bytes of payload after which a claim takes no more jobs: its answer must arrive in time."""


@dataclass(frozen=True, slots=True)
class ClaimLimits:
    """How claim treats leases and crashes."""

    lease_ms: int
    max_crashes: int
    quarantine_after_crashes: int


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """One job as claim gave it; `payload` is None for an arq job that has no record.

    `age_ms` is how long ago it was accepted, `late_ms` how long ago it became due, by Redis' clock;
    -1 where there is no such time.
    """

    job_id: str
    attempt: int
    arq_job: bytes | None
    payload: bytes | None
    crashes: int
    sequence: int
    age_ms: int = -1
    late_ms: int = -1


@dataclass(frozen=True, slots=True)
class Claim:
    """What claim answered.

    `due_in_ms` is the time until something may be due again (None: nothing is queued).
    `exclusive`: the only job came from quarantine and runs alone. `reserved`: a quarantined job
    waits for this worker to run nothing. `unreadable` says what was wrong with jobs that were put
    off.
    """

    jobs: tuple[ClaimedJob, ...]
    due_in_ms: int | None
    exclusive: bool
    reserved: bool
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leases:
    """The lease steps of one kind of job; shared by all leases of a process."""

    scripts: JobScripts
    limits: ClaimLimits
    session_limits: SessionLimits

    async def claim(self, worker_id: str, limit: int, *, idle: bool) -> Claim:
        """Take up to `limit` due jobs; `idle` says that the process runs nothing else."""
        words = self.scripts.words
        reply = await self.scripts.call(
            "claim",
            (
                worker_id,
                self.limits.lease_ms,
                limit,
                int(idle),
                self.limits.max_crashes,
                self.limits.quarantine_after_crashes,
                words.started,
                words.restarted,
                CLAIM_BYTES,
            ),
        )
        due, exclusive, reserved, unreadable, *jobs = reply
        return Claim(
            tuple(ClaimedJob(job[0].decode(), *job[1:]) for job in jobs),
            None if due < 0 else due,
            bool(exclusive),
            bool(reserved),
            tuple(problem.decode() for problem in unreadable),
        )

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
        self,
        worker_id: str,
        job_id: str,
        attempt: int,
        *,
        result: bytes = b"",
        keep_ms: int = 0,
        refuse_id_ms: int = 0,
    ) -> bool:
        """End an arq job without a record; False when the attempt is stale.

        For `refuse_id_ms` arq will not enqueue a job of the same id again.
        """
        reply = await self.scripts.call(
            "settle_plain", (job_id, attempt, worker_id, result, keep_ms, refuse_id_ms)
        )
        return bool(reply)
