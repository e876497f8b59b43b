"""What a worker service runs: its workers, and beside them loops of its own."""

from __future__ import annotations

import asyncio
from typing import Protocol

from openclaw_common.queue.cell_workers import CellWorkers
from openclaw_common.runtime.observation import STARTING
from openclaw_common.runtime.waiting import all_of


class Loop(Protocol):
    """Something that goes on beside the jobs."""

    async def run(self) -> None:
        """Go on until stopped."""
        ...

    def stop(self) -> None:
        """End `run`."""
        ...


class Parts:
    """Workers and loops, begun one by one, stopped together."""

    def __init__(self) -> None:
        self._workers: CellWorkers | None = None
        self._loops: list[Loop] = []
        self._running: list[asyncio.Task[None]] = []

    def take_jobs(self, workers: CellWorkers) -> None:
        """Begin to take jobs."""
        self._workers = workers
        self._running.append(asyncio.create_task(workers.async_run(), name="workers"))

    def go_on(self, loop: Loop) -> None:
        """Begin a loop, which sees the caller's context."""
        self._loops.append(loop)
        self._running.append(asyncio.create_task(loop.run(), name=type(loop).__name__))

    @property
    def failing(self) -> list[str]:
        """What keeps the service from taking jobs."""
        return self._workers.failing if self._workers is not None else [STARTING]

    async def wait(self) -> None:
        """Return once all are stopped; raises what ended one by itself."""
        await all_of(self._running)

    async def drain(self, timeout_s: float) -> None:
        """Stop the loops and take nothing new, let jobs finish, then hand the rest back."""
        self._stop_loops()
        if self._workers is not None:
            await self._workers.drain(timeout_s)

    async def stop(self) -> None:
        """End; what still runs is handed back. Raises what ended one by itself."""
        self._stop_loops()
        if self._workers is not None:
            self._workers.stop()
        await self.wait()

    def _stop_loops(self) -> None:
        for loop in self._loops:
            loop.stop()
