"""The one worker class of both queues: an arq Worker with leases, fencing and lanes.

From arq: the function registry, the context and hooks, `run_job` for jobs that arq itself enqueued
(cron, deferred). In its place (reliability.md §1.4): a blocking pop of wake tokens instead of the
poll, `claim` instead of the in-progress key, leases that are renewed together, fenced settling
instead of the unconditional finish, and `release` of jobs this worker does not understand.

A job with a record runs as `function(ctx, *args)` with `ctx["lease"]`; the function settles that
lease. reads run:queue, run:wake, run:control · writes through the store's lease steps.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from arq.connections import ArqRedis
from arq.jobs import SerializationError, deserialize_job_raw
from arq.worker import Function, Worker

from openclaw_common.contracts.errors import API_ERROR, ErrorBody, StoreUnavailable
from openclaw_common.contracts.run import RunStatus, SchemaNotSupported
from openclaw_common.contracts.run_event import RUN_CANCELLED, RUN_FAILED
from openclaw_common.queue.job_queue import pack, unpack
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S
from openclaw_common.store.connections import BlockingConnection
from openclaw_common.store.lease_steps import ClaimedJob
from openclaw_common.store.leases import Lease, LeaseLost
from openclaw_common.store.store import Store

logger = logging.getLogger(__name__)

CLAIM_BATCH: Final = 16
"""Jobs in one claim; a small number lets the workers of a fleet share a burst."""
WAKE_FALLBACK_S: Final = 1.0
"""Longest wait for a wake token, in case one was lost with its taker."""
CONTROL_BLOCK_S: Final = 5.0
"""How long one wait for cancellations blocks."""
INCOMPATIBLE_DELAY_S: Final = 5.0
"""How long a job that this worker does not understand is left for others."""
CRON_TICK_S: Final = 0.5
"""How often cron entries are looked at."""
INTERNAL_ERROR: Final = ErrorBody(500, API_ERROR, "Internal error")


@dataclass(slots=True, eq=False)
class _Held:
    """A job this process executes: its attempt, its asyncio task, its lease where it has one."""

    job_id: str
    attempt: int
    task: asyncio.Task[None] | None
    lease: Lease | None
    renewed_at: float

    @property
    def ended(self) -> bool:
        """Whether its lease is settled, so that Redis no longer knows it as leased."""
        done = self.task is not None and self.task.done()
        return done or (self.lease is not None and self.lease.settled)

    def interrupt(self) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()


class LaneWorker(Worker):
    """Executes the jobs of one queue.

    `async_run` serves until `drain` and `stop`, or raises when a loop of the worker itself fails.
    Redis may go away and come back: leases that can no longer be held are given up, nothing exits.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        store: Store,
        worker_id: str,
        concurrency: int,
        renew_ms: int,
        random_s: Callable[[], float] = random.random,
        **arq_options: Any,
    ) -> None:
        pool = ArqRedis(store.client.pool, job_serializer=pack, job_deserializer=unpack)
        super().__init__(
            functions,
            queue_name=store.scripts.keys.queue(store.scripts.kind),
            redis_pool=pool,
            handle_signals=False,
            max_jobs=concurrency,
            job_serializer=pack,
            job_deserializer=unpack,
            **arq_options,
        )
        self.worker_id = worker_id
        self._store = store
        self._leases = store.leases
        self._lease_s = store.leases.limits.lease_ms / 1000
        self._renew_s = renew_ms / 1000
        self._random_s = random_s
        self._held: dict[str, _Held] = {}
        self._slot_freed = asyncio.Event()
        self._exclusive = False
        self._unclear = False
        self._draining = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def executing(self) -> int:
        """How many jobs this process executes now."""
        return len(self._held)

    async def main(self) -> None:
        """Serve until stopped; arq's `run` and `async_run` call this."""
        self.ctx["redis"] = self.pool
        if self.on_startup:
            await self.on_startup(self.ctx)
        claiming = asyncio.create_task(self._claim_loop(), name="claim-loop")
        loops = {
            asyncio.create_task(self._control_loop(), name="control-loop"),
            asyncio.create_task(self._renew_loop(), name="renew-loop"),
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
            await _end(loops)
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
        self._slot_freed.set()
        tasks = [held.task for held in self._held.values() if held.task]
        if tasks and timeout_s > 0:
            await asyncio.wait(tasks, timeout=timeout_s)
        for held in list(self._held.values()):
            if held.lease is not None:
                held.lease.draining = True
            held.interrupt()
        while left := [held.task for held in self._held.values() if held.task]:
            await asyncio.wait(left, timeout=self._lease_s)

    def stop(self) -> None:
        """End `async_run`. Without a `drain` before, what runs is handed back."""
        self._draining.set()
        self._slot_freed.set()
        self._stopping.set()

    async def close(self) -> None:
        """Nothing to close: the connections are the store's."""

    # ---- claiming

    async def _claim_loop(self) -> None:
        wake = self._store.client.blocking()
        pause = BACKOFF_START_S
        try:
            while not self._draining.is_set():
                try:
                    await self._claim_and_wait(wake)
                    pause = BACKOFF_START_S
                except StoreUnavailable:
                    logger.warning("redis_unavailable", extra={"worker_id": self.worker_id})
                    self._unclear = True
                    await asyncio.sleep(pause * (0.5 + self._random_s() / 2))
                    pause = min(pause * 2, BACKOFF_CAP_S)
        finally:
            await wake.close()

    async def _claim_and_wait(self, wake: BlockingConnection) -> None:
        free = self.max_jobs - len(self._held)
        if free <= 0 or self._exclusive:
            self._slot_freed.clear()
            await self._slot_freed.wait()
            return
        if self._unclear:
            await self._leases.release_unknown(
                self.worker_id, {job.job_id: job.attempt for job in self._held.values()}
            )
            self._unclear = False
        wanted = min(free, CLAIM_BATCH)
        claim = await self._leases.claim(self.worker_id, wanted, idle=not self._held)
        for job in claim.jobs:
            self._start(job)
        self._exclusive = claim.exclusive
        if len(claim.jobs) == wanted or claim.exclusive:
            return
        wait_s = WAKE_FALLBACK_S * (0.75 + self._random_s() / 2)
        if claim.due_in_ms is not None and not claim.reserved:
            wait_s = min(wait_s, max(claim.due_in_ms / 1000, 0.001))
        await self._wait_for_wake(wake, wait_s)

    async def _wait_for_wake(self, wake: BlockingConnection, wait_s: float) -> None:
        key = self._store.keys.wake(self._store.scripts.kind)
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
            await _end([popping, draining])

    def _start(self, job: ClaimedJob) -> None:
        before = self._held.get(job.job_id)
        lease = Lease.of(self._leases, self.worker_id, job) if job.payload is not None else None
        held = _Held(job.job_id, job.attempt, None, lease, asyncio.get_running_loop().time())
        self._held[job.job_id] = held
        held.task = asyncio.create_task(self._execute(held, job, before), name=job.job_id)

    async def _execute(self, held: _Held, job: ClaimedJob, before: _Held | None) -> None:
        try:
            if before is not None and before.task is not None:
                # This process lost the job and got it back: the old attempt ends first, because
                # arq keeps its own tables by job id.
                if before.lease is not None:
                    before.lease.lost = True
                before.interrupt()
                await asyncio.wait([before.task])
            if held.lease is None:
                await self._execute_plain(job)
            else:
                await self._execute_leased(held.lease, job)
        finally:
            if self._held.get(job.job_id) is held:
                del self._held[job.job_id]
            self._exclusive = False
            self._slot_freed.set()

    # ---- jobs with a record

    async def _execute_leased(self, lease: Lease, job: ClaimedJob) -> None:
        try:
            call = self._resolve(job, {**self.ctx, "lease": lease})
            if call is None:
                await lease.release(self._incompatible_delay_s(), counter="incompatible")
                return
            try:
                await call
            except asyncio.CancelledError:
                if not (lease.lost or lease.draining or lease.cancel_reason):
                    lease.draining = True
            except SchemaNotSupported as error:
                logger.warning("job_incompatible", extra={"job_id": job.job_id, "why": str(error)})
                await lease.release(self._incompatible_delay_s(), counter="incompatible")
            except LeaseLost:
                raise
            except Exception:
                logger.exception("job_failed", extra={"job_id": job.job_id})
            await self._settle(lease)
        except LeaseLost:
            logger.warning("lease_lost", extra={"job_id": job.job_id, "attempt": job.attempt})

    def _resolve(self, job: ClaimedJob, ctx: dict[Any, Any]) -> Coroutine[Any, Any, Any] | None:
        """Return the call that an arq job stands for; None for one this worker does not know."""
        try:
            if job.arq_job is None:
                raise SerializationError("the arq job is gone")
            name, args, kwargs, _, _ = deserialize_job_raw(job.arq_job, deserializer=unpack)
            function = self.functions[name]
        except (SerializationError, KeyError) as error:
            logger.warning("job_incompatible", extra={"job_id": job.job_id, "why": repr(error)})
            return None
        ctx |= {"job_id": job.job_id, "job_try": job.attempt}
        return function.coroutine(ctx, *args, **kwargs)

    def _incompatible_delay_s(self) -> float:
        return INCOMPATIBLE_DELAY_S * (0.5 + self._random_s())

    async def _settle(self, lease: Lease) -> None:
        if lease.settled or lease.lost:
            return
        if lease.cancel_reason:
            data = orjson.dumps({"reason": lease.cancel_reason})
            await lease.finish(RunStatus.CANCELLED, events=[(RUN_CANCELLED, data)])
        elif lease.draining:
            await lease.release()
        else:
            data = orjson.dumps({"error": INTERNAL_ERROR.to_record()})
            await lease.finish(RunStatus.FAILED, events=[(RUN_FAILED, data)], error=INTERNAL_ERROR)

    # ---- jobs that arq enqueued

    async def _execute_plain(self, job: ClaimedJob) -> None:
        known = self._resolve(job, {})
        if known is None:
            delay_ms = round(self._incompatible_delay_s() * 1000)
            await self._leases.release(self.worker_id, job.job_id, job.attempt, delay_ms=delay_ms)
            return
        known.close()
        await self.run_job(job.job_id, _now_ms())

    async def finish_job(
        self,
        job_id: str,
        finish: bool,
        result_data: bytes | None,
        result_timeout_s: float | None,
        keep_result_forever: bool,
        incr_score: int | None,
        keep_in_progress: float | None,
    ) -> None:
        """arq's end of a job, fenced: a worker that lost the job changes nothing."""
        attempt = self._held[job_id].attempt
        if finish:
            keep_s = max(result_timeout_s or 0, keep_in_progress or 0)
            await self._leases.settle_plain(
                self.worker_id,
                job_id,
                attempt,
                result=result_data or b"",
                keep_ms=round(keep_s * 1000),
            )
        else:
            await self._leases.release(self.worker_id, job_id, attempt, delay_ms=incr_score or 0)

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """arq's end of a job that cannot be tried (again), fenced."""
        await self._leases.settle_plain(
            self.worker_id,
            job_id,
            self._held[job_id].attempt,
            result=result_data or b"",
            keep_ms=round(self.keep_result_s * 1000),
        )

    async def _cron_loop(self) -> None:
        while True:
            try:
                await self.run_cron(datetime.now(tz=self.timezone), CRON_TICK_S)
            except (StoreUnavailable, OSError, TimeoutError):
                logger.warning("redis_unavailable", extra={"worker_id": self.worker_id})
            await asyncio.sleep(CRON_TICK_S)

    # ---- leases

    async def _renew_loop(self) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            try:
                await self._renew(list(self._held.values()))
            except StoreUnavailable:
                logger.warning("lease_renewal_failed", extra={"worker_id": self.worker_id})
            self._give_up_overdue()

    async def _renew(self, held: list[_Held]) -> None:
        if not held:
            return
        asked_at = asyncio.get_running_loop().time()
        codes = await self._leases.renew(
            self.worker_id, [(job.job_id, job.attempt) for job in held]
        )
        for job, code in zip(held, codes, strict=True):
            if job.ended:
                continue
            job.renewed_at = asked_at
            if code == "lost":
                self._lose(job)
            elif code and job.lease is not None and job.lease.cancel_reason is None:
                job.lease.cancel_reason = code
                job.interrupt()

    def _give_up_overdue(self) -> None:
        """Stop work whose lease cannot be held: another worker may own it before we could know."""
        now = asyncio.get_running_loop().time()
        for job in list(self._held.values()):
            if now - job.renewed_at > self._lease_s:
                self._lose(job)

    def _lose(self, job: _Held) -> None:
        logger.warning("lease_lost", extra={"job_id": job.job_id, "attempt": job.attempt})
        if job.lease is not None:
            job.lease.lost = True
        job.interrupt()

    async def _control_loop(self) -> None:
        control = self._store.client.blocking()
        key = self._store.keys.control(self._store.scripts.kind, self.worker_id)
        try:
            while True:
                try:
                    told = await control.call(
                        "BLPOP", key, f"{CONTROL_BLOCK_S}", block_s=CONTROL_BLOCK_S
                    )
                    if told is not None:
                        await self._heed(told[1].decode())
                except StoreUnavailable:
                    await asyncio.sleep(BACKOFF_CAP_S)
        finally:
            await control.close()

    async def _heed(self, record_id: str) -> None:
        held = self._held.get(self._store.keys.job_id(record_id))
        if held is not None:
            await self._renew([held])


async def _end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    # One cancel() can be swallowed by a connection that is just answering (reliability.md §1.3).
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.1)


def _now_ms() -> int:
    return int(datetime.now().timestamp() * 1000)
