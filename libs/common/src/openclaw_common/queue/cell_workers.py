"""The workers of one process: a LaneWorker for each cell that it serves, over the same slots.

Each has a claim loop, wake tokens and leases of its own, so that no cell is asked later because
another is slow or away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from openclaw_common.queue.worker import DRAINING, LaneWorker
from openclaw_common.store.cells import answers_of
from openclaw_common.store.store import Store


async def release_worker(stores: Sequence[Store], kind: str, worker_id: str) -> int:
    """Hand back what a dead process held in the cells that it served; returns how many jobs.

    In a cell that cannot be reached its leases run out. Raises StoreUnavailable when that is all.
    """
    released = await answers_of(
        store.jobs_of(kind).leases.release_worker(worker_id) for store in stores
    )
    return sum(released)


class CellWorkers:
    """LaneWorkers that start, drain and stop together."""

    def __init__(self, workers: Sequence[LaneWorker]) -> None:
        self._workers = workers

    @property
    def executing(self) -> int:
        """How many jobs this process executes now."""
        return sum(worker.executing for worker in self._workers)

    @property
    def failing(self) -> list[str]:
        """What keeps it from taking jobs of any cell: nothing while one can be served."""
        failing = [worker.failing for worker in self._workers]
        if any(DRAINING in why for why in failing):
            return [DRAINING]
        return [] if not all(failing) else failing[0]

    async def async_run(self) -> None:
        """Serve until stopped; raises what ended one of them by itself, when all have stopped."""
        serving = [asyncio.create_task(worker.async_run()) for worker in self._workers]
        await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
        self.stop()
        await asyncio.wait(serving)
        for task in serving:
            task.result()

    async def drain(self, timeout_s: float) -> None:
        """Take nothing new; wait up to `timeout_s` for what runs, then hand the rest back."""
        await asyncio.gather(*(worker.drain(timeout_s) for worker in self._workers))

    def stop(self) -> None:
        """End `async_run`."""
        for worker in self._workers:
            worker.stop()
