"""The one worker class of both queues: an arq Worker with leases, fencing and lanes.

In place of arq's loop (reliability.md §1.4): a blocking pop of wake tokens instead of the poll,
`claim` instead of the in-progress key, leases that are renewed together, fenced settling instead of
the unconditional finish, and `release` of jobs this worker does not understand.

    claim loop ─▶ _start ─▶ _execute ─▶ the job function, under its lease ─▶ settled
    lease keeper ─▶ interrupt: cancelled, lost

A job with a record runs as `function(ctx, *args)` with `ctx["lease"]`; the function settles that
lease. reads run:queue, run:wake · writes through the store's lease steps.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson
from arq.worker import Function

from openclaw_common.contracts.errors import API_ERROR, ErrorBody, StoreUnavailable
from openclaw_common.contracts.run import SchemaNotSupported
from openclaw_common.queue.arq_jobs import INCOMPATIBLE_DELAY_S, ArqJobs, said_by
from openclaw_common.queue.held import Held
from openclaw_common.queue.job_slots import JobSlots
from openclaw_common.queue.job_trace import AttemptSpans, JobTrace, note_outcome
from openclaw_common.queue.lease_keeper import LeaseKeeper
from openclaw_common.queue.queue_counts import QueueCounts
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.tracing import Tracer, error_type
from openclaw_common.runtime.waiting import end
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S
from openclaw_common.store.connections import BlockingConnection
from openclaw_common.store.job_store import JobStore
from openclaw_common.store.lease_steps import Claim, ClaimedJob
from openclaw_common.store.leases import Lease, LeaseLost

logger = logging.getLogger(__name__)

CLAIM_BATCH: Final = 16
"""Jobs in one claim; a small number lets the workers of a fleet share a burst."""
WAKE_FALLBACK_S: Final = 1.0
"""Longest wait for a wake token, in case one was lost with its taker."""
UNAVAILABLE_DELAY_S: Final = 1.0
"""How long a job waits whose function was stopped by an unavailable store."""
DRAINING: Final = "gateway-draining"
CLAIMING: Final = "claiming"
"""What fails while the loop that takes jobs does not run."""
RELEASED: Final = "released"
FAILED: Final = "failed"
INTERNAL_ERROR: Final = ErrorBody(500, API_ERROR, "Internal error")


class LaneWorker(ArqJobs):
    """Executes the jobs of one queue.

    `async_run` serves until `drain` and `stop`, or raises when a loop of the worker itself fails.
    Redis may go away and come back: leases that can no longer be held are given up, nothing exits.
    Workers of one process share its `slots`; without any there are `concurrency`.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        jobs: JobStore,
        worker_id: str,
        concurrency: int,
        renew_ms: int,
        random_s: Callable[[], float] = random.random,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
        slots: JobSlots | None = None,
        **arq_options: Any,
    ) -> None:
        super().__init__(
            functions, jobs=jobs, worker_id=worker_id, concurrency=concurrency, **arq_options
        )
        self._slots = slots or JobSlots(concurrency)
        self._jobs = jobs
        self._spans = AttemptSpans(tracer, jobs.kind.name)
        self._lease_s = jobs.leases.limits.lease_ms / 1000
        self._random_s = random_s
        self._held: dict[str, Held] = {}
        self._counts = QueueCounts(metrics or Metrics(), jobs.kind.name)
        if not self._slots.observed:
            self._slots.observed = True
            self._counts.observe(lambda: self._slots.used, concurrency)
        self._keeper = LeaseKeeper(
            jobs,
            worker_id,
            self._held,
            renew_s=renew_ms / 1000,
            on_given_up=self._mark_unclear,
            lost=self._counts.lost,
        )
        self._unclear_until = 0.0
        self._draining = asyncio.Event()
        self._stopping = asyncio.Event()
        self._claiming = False

    @property
    def executing(self) -> int:
        """How many jobs this process executes now."""
        return len(self._held)

    @property
    def failing(self) -> list[str]:
        """What keeps it from taking jobs, were there a free slot: nothing while all is well."""
        if self._draining.is_set():
            return [DRAINING]
        return [] if self._claiming else [CLAIMING]

    async def main(self) -> None:
        """Serve until stopped; arq's `run` and `async_run` call this."""
        self.ctx["redis"] = self.pool
        if self.on_startup:
            await self.on_startup(self.ctx)
        claiming = asyncio.create_task(self._claim_loop(), name="claim-loop")
        loops = {
            *(asyncio.create_task(loop) for loop in self._keeper.loops()),
            asyncio.create_task(self._stopping.wait(), name="stopping"),
        }
        if self.cron_jobs:
            loops.add(asyncio.create_task(self._cron_loop(), name="cron-loop"))
        try:
            await self._watch(claiming, loops)
        finally:
            self.stop()
            # Never cancelled: a claim whose answer is dropped leaves leases that nobody works on.
            await asyncio.wait([claiming])
            await self.drain(0)
            await end(loops)
            if self.on_shutdown:
                await self.on_shutdown(self.ctx)

    async def _watch(self, claiming: asyncio.Task[None], loops: set[asyncio.Task[Any]]) -> None:
        """Return when asked to stop; raise what ended a loop that should not end."""
        waiting = {claiming, *loops}
        while not self._stopping.is_set():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for loop in done:
                loop.result()

    async def drain(self, timeout_s: float) -> None:
        """Take nothing new; wait up to `timeout_s` for what runs, then hand the rest back."""
        self._draining.set()
        self._slots.freed.set()
        tasks = self._tasks()
        if tasks and timeout_s > 0:
            await asyncio.wait(tasks, timeout=timeout_s)
        while tasks := self._tasks():
            for held in self._held.values():
                if held.lease is not None:
                    held.lease.draining = True
                held.interrupt()
            # Settling is given up after one lease; a function that is left then took no notice.
            await asyncio.wait(tasks, timeout=2 * self._lease_s)
            for held in self._held.values():
                held.interruptible = True

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [held.task for held in self._held.values() if held.task]

    def stop(self) -> None:
        """End `async_run`. Without a `drain` before, what runs is handed back."""
        self._draining.set()
        self._slots.freed.set()
        self._stopping.set()

    # ---- claiming

    async def _claim_loop(self) -> None:
        wake = self._jobs.client.blocking()
        pause = BACKOFF_START_S
        self._claiming = True
        try:
            while not self._draining.is_set():
                try:
                    await self._claim_and_wait(wake)
                    pause = BACKOFF_START_S
                except StoreUnavailable:
                    logger.warning("redis_unavailable", extra={"worker_id": self.worker_id})
                    self._mark_unclear()
                    await asyncio.sleep(pause * (0.5 + self._random_s() / 2))
                    pause = min(pause * 2, BACKOFF_CAP_S)
        finally:
            self._claiming = False
            await wake.close()

    async def _claim_and_wait(self, wake: BlockingConnection) -> None:
        wanted = self._slots.reserve(self, CLAIM_BATCH)
        if wanted == 0:
            await self._wait_for_slot(WAKE_FALLBACK_S)
            return
        claim = await self._claim(wanted)
        if claim.reserved:
            self._slots.empty_for(self)
            await self._wait_for_slot(WAKE_FALLBACK_S)
        elif claim.due_in_ms != 0 and len(claim.jobs) < wanted and not claim.exclusive:
            wait_s = WAKE_FALLBACK_S * (0.75 + self._random_s() / 2)
            if claim.due_in_ms is not None:
                wait_s = min(wait_s, claim.due_in_ms / 1000)
            await self._wait_for_wake(wake, wait_s)

    async def _claim(self, wanted: int) -> Claim:
        """Take as many jobs as slots were reserved, at most, and start them."""
        try:
            asked_at = asyncio.get_running_loop().time()
            if asked_at < self._unclear_until:
                await self._release_unknown()
            idle = self._slots.is_idle(wanted)
            claim = await self._leases.claim(self.worker_id, wanted, idle=idle)
            for problem in claim.unreadable:
                logger.error("job_unreadable", extra={"why": problem})
            for job in claim.jobs:
                held = self._start(job, asked_at)
                if claim.exclusive:
                    self._slots.alone = held
        finally:
            self._slots.settle(wanted)
        return claim

    def _mark_unclear(self) -> None:
        """Note that a claim may have been executed, or may still be, whose answer is lost."""
        self._unclear_until = asyncio.get_running_loop().time() + self._lease_s

    async def _release_unknown(self) -> None:
        held = {job_id: held.job.attempt for job_id, held in self._held.items() if not held.lost}
        await self._leases.release_unknown(self.worker_id, held)

    async def _wait_for_slot(self, timeout_s: float | None) -> None:
        self._slots.freed.clear()
        if self._draining.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._slots.freed.wait()

    async def _wait_for_wake(self, wake: BlockingConnection, wait_s: float) -> None:
        key = self._jobs.keys.wake(self._jobs.kind.name)
        popping = asyncio.create_task(
            wake.call("BLPOP", key, f"{wait_s:.3f}", block_s=wait_s), name="wake"
        )
        draining = asyncio.create_task(self._draining.wait(), name="draining")
        try:
            await asyncio.wait({popping, draining}, return_when=asyncio.FIRST_COMPLETED)
            if popping.done():
                popping.result()
            if self._draining.is_set():
                # The token this worker may have taken is for somebody else.
                await self._leases.wake()
        finally:
            await end([popping, draining])

    # ---- executing

    def _start(self, job: ClaimedJob, asked_at: float) -> Held:
        before = self._held.get(job.job_id)
        lease = None if job.payload is None else Lease.of(self._leases, self.worker_id, job)
        held = Held(job, lease, asked_at)
        self._held[job.job_id] = held
        self._slots.take()
        self._counts.begun(job)
        held.task = asyncio.create_task(self._execute(held, before), name=job.job_id)
        return held

    async def _execute(self, held: Held, before: Held | None) -> None:
        job = held.job
        try:
            if before is not None and before.task is not None:
                # This process lost the job and got it back: the old attempt ends first, because
                # arq keeps its own tables by job id.
                self._keeper.lose(before)
                await asyncio.wait([before.task])
            if self._draining.is_set():
                await self._leases.release(self.worker_id, job.job_id, job.attempt)
            elif held.lease is None:
                await self._execute_plain(held)
            else:
                await self._execute_leased(held, held.lease)
        except LeaseLost:
            self._counts.lost()
            logger.warning("lease_lost", extra={"job_id": job.job_id, "attempt": job.attempt})
        except Exception:
            # The top of the job's task. The next claim hands the job back, or its lease runs out.
            logger.exception("job_not_settled", extra={"job_id": job.job_id})
            self._mark_unclear()
        finally:
            if self._held.get(job.job_id) is held:
                del self._held[job.job_id]
            if self._slots.alone is held:
                self._slots.alone = None
            self._slots.give_back()

    async def _execute_leased(self, held: Held, lease: Lease) -> None:
        said = said_by(held.job.arq_job)
        with self._spans.attempt(held.job, lease.id, JobTrace.of(said)):
            await self._execute_traced(held, lease, said)

    async def _execute_traced(self, held: Held, lease: Lease, said: Mapping[str, object]) -> None:
        call = self._resolve(held.job, said, {**self.ctx, "lease": lease})
        if call is None:
            await self._release_incompatible(lease)
            return
        try:
            await self._call(held, lease, call)
        except SchemaNotSupported as error:
            logger.warning("job_incompatible", extra={"job_id": lease.job_id, "why": str(error)})
            await self._release_incompatible(lease)
        except StoreUnavailable:
            note_outcome(RELEASED)
            await lease.release(UNAVAILABLE_DELAY_S)
        else:
            await self._settle(lease)

    async def _release_incompatible(self, lease: Lease) -> None:
        note_outcome(RELEASED)
        await lease.release(self._incompatible_delay_ms() / 1000, counter="incompatible")

    def _incompatible_delay_ms(self) -> int:
        return round(1000 * INCOMPATIBLE_DELAY_S * (0.5 + self._random_s()))

    async def _call(self, held: Held, lease: Lease, call: Coroutine[Any, Any, Any]) -> None:
        """Await the job function, unless the job was lost or cancelled before it could begin."""
        if lease.lost or lease.cancel_reason or lease.draining:
            call.close()
            return
        held.interruptible = True
        try:
            await call
        except (LeaseLost, SchemaNotSupported, StoreUnavailable):
            raise
        except asyncio.CancelledError:
            if not _cancelled_from_outside():
                note_outcome(FAILED, error=asyncio.CancelledError.__name__)
                logger.exception("job_failed", extra={"job_id": lease.job_id})
            elif not (lease.lost or lease.cancel_reason):
                lease.draining = True
        except Exception as error:
            # What executes a job may raise anything: its job fails, and the worker goes on.
            note_outcome(FAILED, error=error_type(error))
            logger.exception("job_failed", extra={"job_id": lease.job_id})
        finally:
            held.interruptible = False

    async def _settle(self, lease: Lease) -> None:
        if lease.settled or lease.lost:
            return
        kind = self._jobs.kind
        if lease.cancel_reason:
            note_outcome("cancelled")
            data = orjson.dumps({"reason": lease.cancel_reason})
            await lease.finish("cancelled", events=[(kind.event("cancelled"), data)])
        elif lease.draining:
            note_outcome(RELEASED)
            await lease.release()
        else:
            note_outcome(FAILED, error=INTERNAL_ERROR.type)
            data = orjson.dumps({"error": INTERNAL_ERROR.to_record()})
            event = (kind.event(kind.failed), data)
            await lease.finish(kind.failed, events=[event], error=INTERNAL_ERROR, dead=True)


def _cancelled_from_outside() -> bool:
    """Whether this task was cancelled, rather than a CancelledError raised by what it awaited."""
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        return False
    while task.uncancel():
        pass
    return True
