"""What a worker process does with its service: start it, wait, drain, while it can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from openclaw_common.runtime import heap
from openclaw_common.runtime.lifecycle import wait_for_stop_signal
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.observation import Observation
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.runtime.waiting import end
from openclaw_common.store.fleet_watch import FleetWatch
from openclaw_common.store.process import Process, at_store
from openclaw_common.store.store import Store


class WorkerService(Protocol):
    """What takes jobs from `start` until `drain` and `stop`."""

    @property
    def failing(self) -> Sequence[str]:
        """What keeps it from taking jobs."""
        ...

    async def start(self) -> None:
        """Begin to take jobs."""
        ...

    async def wait(self) -> None:
        """Return once stopped; raises what ended it by itself."""
        ...

    async def drain(self, timeout_s: float) -> None:
        """Take nothing new, let jobs finish for `timeout_s` seconds, then hand the rest back."""
        ...

    async def stop(self) -> None:
        """End; what still runs is handed back. Raises what ended it by itself."""
        ...


async def serve_worker(
    process: Process,
    service_of: Callable[[Store, Metrics, Tracer | None], WorkerService],
    *,
    drain_s: float,
) -> None:
    """Run one worker process until SIGTERM or SIGINT, then drain; a second signal ends it.

    Raises ConfigError, SidePortTaken, and what ended the service by itself.
    """
    async with at_store(process) as (store, tracer):
        metrics = Metrics()
        fleet = FleetWatch(store.all_jobs, metrics)
        service = service_of(store, metrics, tracer)
        observation = Observation(
            process.config.health,
            process.environ,
            metrics,
            service=f"openclaw-{process.role}",
            failing=lambda: [*service.failing, *fleet.failing],
            watches=[fleet],
        )
        try:
            await observation.start()
            await service.start()
            observation.started()
            heap.settle()
            await _first(service.wait(), wait_for_stop_signal())
            await service.drain(drain_s)
            await service.stop()
        finally:
            await observation.stop()


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when one of `waits` has; raise what it raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(tasks)
