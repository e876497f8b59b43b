"""What stays arq's: the function registry, cron, and jobs that arq itself enqueued.

A job that arq enqueued (deferred, cron) has no record. It is executed by arq's `run_job` under a
lease like any other; arq's own end of a job, which is unconditional (reliability.md §1.2), is
replaced by a fenced one here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Final

from arq.connections import ArqRedis
from arq.jobs import SerializationError, deserialize_job_raw
from arq.worker import Function, Worker
from redis.exceptions import RedisError

from openclaw_common.queue.held import Held
from openclaw_common.queue.job_queue import pack, unpack
from openclaw_common.store.job_store import JobStore
from openclaw_common.store.lease_steps import ClaimedJob

logger = logging.getLogger(__name__)

CRON_TICK_S: Final = 0.5
"""How often cron entries are looked at."""
CRON_LATE_S: Final = 60
"""A cron tick that could not be enqueued for so long, in seconds, is left out."""
INCOMPATIBLE_DELAY_S: Final = 5.0
"""How long a job that this worker does not understand is left for others."""

_EXECUTING: Final[ContextVar[tuple[Held, int]]] = ContextVar("executing")
"""The plain job of the current asyncio task, and the score that arq was told; `run_job` hands
neither on to where it ends a job."""


def said_by(arq_job: bytes | None) -> Mapping[str, object]:
    """Return what stands in an arq job; nothing where it is gone or makes no sense."""
    try:
        said = unpack(arq_job) if arq_job else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


class ArqJobs(Worker):
    """An arq worker without its loop: it knows functions, and executes what arq enqueued."""

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        jobs: JobStore,
        worker_id: str,
        concurrency: int,
        **arq_options: Any,
    ) -> None:
        super().__init__(
            functions,
            queue_name=jobs.keys.queue(jobs.kind.name),
            redis_pool=ArqRedis(jobs.client.pool, job_serializer=pack, job_deserializer=unpack),
            handle_signals=False,
            max_jobs=concurrency,
            job_serializer=pack,
            job_deserializer=unpack,
            **arq_options,
        )
        self.worker_id = worker_id
        self._leases = jobs.leases

    async def close(self) -> None:
        """Nothing to close: the connections are the store's."""

    def _resolve(
        self, job: ClaimedJob, said: Mapping[str, object], ctx: dict[Any, Any]
    ) -> Coroutine[Any, Any, Any] | None:
        """Return the call that an arq job stands for; None for one this worker does not know."""
        try:
            if job.arq_job is None:
                raise SerializationError("the arq job is gone")
            # arq knows the fields; they are unpacked already, as the job's trace is among them.
            name, args, kwargs, _, _ = deserialize_job_raw(b"", deserializer=lambda _: dict(said))
            ctx |= {"job_id": job.job_id, "job_try": job.attempt}
            return self.functions[name].coroutine(ctx, *args, **kwargs)
        except (SerializationError, KeyError, TypeError) as error:
            logger.warning("job_incompatible", extra={"job_id": job.job_id, "why": repr(error)})
            return None

    async def _execute_plain(self, held: Held) -> None:
        """Execute a job that arq enqueued, or hand it back for others."""
        job = held.job
        known = self._resolve(job, said_by(job.arq_job), {})
        if known is None:
            await self._leases.release(
                self.worker_id, job.job_id, job.attempt, delay_ms=self._incompatible_delay_ms()
            )
            return
        known.close()
        score = _now_ms()
        _EXECUTING.set((held, score))
        held.interruptible = True
        await self.run_job(job.job_id, score)

    def _incompatible_delay_ms(self) -> int:
        raise NotImplementedError

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
        held, score = _EXECUTING.get()
        held.interruptible = False
        if finish:
            await self._settle_plain(
                held.job, result_data, result_timeout_s or 0, keep_in_progress or 0
            )
        else:
            # arq counts from the score, the lease's steps from now.
            delay_ms = (incr_score or 0) - (_now_ms() - score) if incr_score else 0
            await self._leases.release(
                self.worker_id, job_id, held.job.attempt, delay_ms=max(0, delay_ms)
            )

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """arq's end of a job that cannot be tried (again), fenced."""
        held, _ = _EXECUTING.get()
        held.interruptible = False
        await self._settle_plain(held.job, result_data, self.keep_result_s, 0)

    async def _settle_plain(
        self, job: ClaimedJob, result: bytes | None, keep_s: float, refuse_id_s: float
    ) -> None:
        await self._leases.settle_plain(
            self.worker_id,
            job.job_id,
            job.attempt,
            result=result or b"",
            keep_ms=round(keep_s * 1000),
            refuse_id_ms=round(refuse_id_s * 1000),
        )

    async def _cron_loop(self) -> None:
        while True:
            now = datetime.now(tz=self.timezone)
            for job in self.cron_jobs:
                if job.next_run and job.next_run < now - timedelta(seconds=CRON_LATE_S):
                    job.calculate_next(now)
            planned = [(job, job.next_run) for job in self.cron_jobs]
            try:
                await self.run_cron(now, CRON_TICK_S)
            except (RedisError, OSError, TimeoutError):
                logger.warning("redis_unavailable", extra={"worker_id": self.worker_id})
                for job, next_run in planned:
                    job.next_run = next_run
            await asyncio.sleep(CRON_TICK_S)


def _now_ms() -> int:
    return int(datetime.now().timestamp() * 1000)
