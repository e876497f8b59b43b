"""Workers in the test's own process, each with a store of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
from arq.worker import func

from openclaw_common.contracts.run import RunResult, RunStatus
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import EXECUTE_RUN
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.leases import Lease
from openclaw_common.store.runs import RunRecord
from openclaw_common.store.store import Store
from tests.integration.store.support import Bench

JobFunction = Callable[[dict[str, Any], str], Awaitable[None]]


async def finish(lease: Lease, text: str = "done") -> None:
    """Complete the run of a lease."""
    await lease.finish(RunStatus.COMPLETED, events=[(RUN_COMPLETED, b"{}")], result=RunResult(text))


async def complete_run(ctx: dict[str, Any], run_id: str) -> None:
    """The simplest job function."""
    await finish(ctx["lease"])


@dataclass
class Gate:
    """A job function that says when it begins, and waits to be let on.

    `told` holds (attempt, cancel_reason, lost, draining) of every interruption.
    """

    begun: asyncio.Queue[Lease] = field(default_factory=asyncio.Queue)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[tuple[int, str | None, bool, bool]] = field(default_factory=list)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    async def execute(self, ctx: dict[str, Any], run_id: str) -> None:
        lease: Lease = ctx["lease"]
        self.begun.put_nowait(lease)
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.told.append((lease.attempt, lease.cancel_reason, lease.lost, lease.draining))
            self.interrupted.set()
            raise
        await finish(lease)

    async def next(self) -> Lease:
        """The next lease that begins."""
        async with asyncio.timeout(10):
            return await self.begun.get()


@dataclass
class Running:
    """A worker that serves, and how it ends."""

    worker: LaneWorker
    store: Store
    serving: asyncio.Task[None]

    async def stop(self) -> None:
        self.worker.stop()
        async with asyncio.timeout(20):
            await asyncio.wait([self.serving])
        await self.store.close()


@dataclass
class Fleet:
    """Starts workers, and ends those that a test left running."""

    url: str
    bench: Bench
    stack: AsyncExitStack

    async def start(
        self,
        function: JobFunction | None = None,
        *,
        name: str = "w1",
        url: str = "",
        concurrency: int = 8,
        lease_ms: int = 60_000,
        renew_ms: int = 20_000,
        timeout_ms: int = 3000,
        **options: Any,
    ) -> Running:
        """Start a worker whose `execute_run` is `function`; without one it knows no runs."""
        limits = Runs(lease_ms=lease_ms, renew_ms=renew_ms)
        address = Redis(url=url or self.url, timeout_ms=timeout_ms)
        store = await Store.connect(address, limits, role=name)
        functions = [func(function or unused, name=EXECUTE_RUN if function else "unused")]
        worker = LaneWorker(
            [*functions, *options.pop("functions", ())],
            jobs=store.run_jobs,
            worker_id=name,
            concurrency=concurrency,
            renew_ms=renew_ms,
            **options,
        )
        running = Running(worker, store, asyncio.create_task(worker.async_run()))
        self.stack.push_async_callback(running.stop)
        return running

    async def ended(self, run_id: str, limit_s: float = 15) -> RunRecord:
        """The record of a run once it has ended."""
        async with asyncio.timeout(limit_s):
            while True:
                record = await self.bench.record(run_id)
                if record.status.terminal:
                    return record
                await asyncio.sleep(0.005)

    async def crashes(self, run_id: str) -> str | None:
        return await self.bench.field(run_id, "crashes")


async def unused(ctx: dict[str, Any]) -> None:
    """A function that no test calls."""


async def reached(condition: Callable[[], bool | Awaitable[bool]], limit_s: float = 10) -> None:
    """Return once `condition` holds."""
    async with asyncio.timeout(limit_s):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.005)


async def blocked_clients(client: redis.asyncio.Redis) -> int:
    """How many connections wait in a blocking command."""
    return int((await client.info("clients"))["blocked_clients"])
