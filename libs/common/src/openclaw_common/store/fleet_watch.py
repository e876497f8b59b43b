"""What the metrics tell of Redis: how full the queues of the fleet are, and how fast it answers.

Every process may tell the same facts of the fleet; each asks at most once a second, by one step
that costs Redis microseconds, and only while somebody looks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.metrics.instruments import (
    DEAD_LETTERS,
    ENDED_KEPT,
    QUEUE_AGE,
    QUEUE_DEPTH,
    REDIS_ERRORS,
    REDIS_LATENCY,
)
from openclaw_common.runtime.metrics.recorder import Metrics, Readings
from openclaw_common.store.job_store import JobStore
from openclaw_common.store.keys import DELIVERY, RUN

FRESH_S: Final = 1.0
"""How long an answer counts, in seconds."""
STALE_S: Final = 120.0
"""After so many seconds without an answer nothing is told any more."""
PROBE_S: Final = 1.0
"""How often Redis' latency is tried, in seconds."""
PROBE_TIMEOUT_S: Final = 0.8
"""How long such a try may take before Redis counts as away, in seconds."""
REDIS: Final = "redis"
"""What fails while Redis is away."""
READ_TIMEOUT_S: Final = 2.0
"""How long a scrape waits for Redis, in seconds."""

QUEUES: Final[Mapping[str, str]] = {RUN: "runs", DELIVERY: "deliveries"}
"""The label of each kind of job."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How full one queue is. `late_ms` is for how long a job has been due, at most."""

    open: int
    queued: int
    due: int
    quarantined: int
    dead: int
    late_ms: int
    failed: int
    cancelled: int
    expired: int

    def states(self) -> Iterator[tuple[str, int]]:
        """Yield the open jobs by state: all, due, leased or set for later, behind another."""
        yield "open", self.open
        yield "due", self.due
        yield "held", self.queued - self.due
        yield "behind", max(0, self.open - self.queued - self.quarantined)
        yield "quarantined", self.quarantined


async def read_depth(jobs: JobStore) -> Depth:
    """Ask Redis how full the queue of `jobs` is. Raises StoreUnavailable."""
    return Depth(*await jobs.scripts.call("depth", ()))


class FleetWatch:
    """A Watch of the queues of `jobs`, and of the servers that hold them."""

    def __init__(self, jobs: tuple[JobStore, ...], metrics: Metrics) -> None:
        self._jobs = jobs
        self._depths: dict[tuple[str, str], Depth] = {}
        self._read_at = float("-inf")
        self._asked_at = float("-inf")
        self._reading = asyncio.Lock()
        self._cells = self._away = frozenset(one.keys.cell for one in jobs)
        self._latency = metrics.histogram(REDIS_LATENCY)
        self._errors = metrics.counter(REDIS_ERRORS)
        metrics.observe(QUEUE_DEPTH, self._states)
        metrics.observe(QUEUE_AGE, lambda: self._each(lambda depth: depth.late_ms / 1000))
        metrics.observe(DEAD_LETTERS, lambda: self._each(lambda depth: depth.dead))
        metrics.observe(ENDED_KEPT, self._ended)

    @property
    def failing(self) -> list[str]:
        """What keeps the process from working: Redis, where no cell answered the last try."""
        return [REDIS] if self._away == self._cells else []

    async def refresh(self) -> None:
        """Ask again, unless the last answer is fresh."""
        async with self._reading:
            if time.monotonic() - self._asked_at < FRESH_S:
                return
            self._asked_at = time.monotonic()
            found = await asyncio.gather(*map(_read_in_time, self._jobs))
            named = zip(map(_name, self._jobs), found, strict=True)
            depths = {name: depth for name, depth in named if depth is not None}
            if depths:
                self._depths, self._read_at = depths, time.monotonic()

    async def run(self) -> None:
        """Try how fast Redis answers, until cancelled."""
        cells = {jobs.keys.cell: jobs.client for jobs in self._jobs}
        loop = asyncio.get_running_loop()
        while True:
            for cell, client in cells.items():
                asked_at = loop.time()
                try:
                    async with asyncio.timeout(PROBE_TIMEOUT_S):
                        await client.execute("PING")
                except (StoreUnavailable, TimeoutError):
                    self._errors.add(1, cell)
                    self._away |= {cell}
                else:
                    self._latency.record(loop.time() - asked_at, cell)
                    self._away -= {cell}
            await asyncio.sleep(PROBE_S)

    def _known(self) -> dict[tuple[str, str], Depth]:
        return self._depths if time.monotonic() - self._read_at < STALE_S else {}

    def _states(self) -> Readings:
        for (queue, cell), depth in self._known().items():
            for state, count in depth.states():
                yield (queue, state, cell), float(count)

    def _each(self, value: Callable[[Depth], float]) -> Readings:
        return [(labels, float(value(depth))) for labels, depth in self._known().items()]

    def _ended(self) -> Readings:
        for (queue, cell), depth in self._known().items():
            if queue == QUEUES[RUN]:
                yield ("failed", cell), float(depth.failed)
                yield ("cancelled", cell), float(depth.cancelled)
                yield ("expired", cell), float(depth.expired)


async def _read_in_time(jobs: JobStore) -> Depth | None:
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await read_depth(jobs)
    except (StoreUnavailable, TimeoutError):
        return None


def _name(jobs: JobStore) -> tuple[str, str]:
    return QUEUES[jobs.kind.name], jobs.keys.cell
