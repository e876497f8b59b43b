"""What a worker process does with its service: start it, wait, drain, while it can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from openclaw_common.runtime import heap
from openclaw_common.runtime.lifecycle import wait_for_stop_signal
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.observation import Observation
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.runtime.waiting import first_to_end
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
            await first_to_end(service.wait(), wait_for_stop_signal())
            await service.drain(drain_s)
            await service.stop()
        finally:
            await observation.stop()
