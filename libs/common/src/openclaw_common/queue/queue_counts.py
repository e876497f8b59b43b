"""What the worker of a queue counts."""

from __future__ import annotations

from collections.abc import Callable

from openclaw_common.runtime.metrics.instruments import (
    ATTEMPTS,
    EXECUTING,
    LEASES_LOST,
    QUEUE_WAIT,
    SLOTS,
)
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.store.fleet_watch import QUEUES
from openclaw_common.store.lease_steps import ClaimedJob


class QueueCounts:
    """The instruments of the queue for jobs of `kind`, in one process."""

    def __init__(self, metrics: Metrics, kind: str) -> None:
        self._queue = QUEUES[kind]
        self._metrics = metrics
        self._attempts = metrics.counter(ATTEMPTS)
        self._wait = metrics.histogram(QUEUE_WAIT)
        self._lost = metrics.counter(LEASES_LOST)

    def observe(self, executing: Callable[[], int], slots: int) -> None:
        """Tell how many jobs are executed whenever somebody looks."""
        labels = (self._queue,)
        self._metrics.observe(EXECUTING, lambda: [(labels, executing())])
        self._metrics.observe(SLOTS, lambda: [(labels, slots)])

    def begun(self, job: ClaimedJob) -> None:
        """An attempt begins."""
        first = job.attempt == 1
        self._attempts.add(1, self._queue, "first" if first else "again")
        if first and job.age_ms >= 0:
            self._wait.record(job.age_ms / 1000, self._queue)

    def lost(self) -> None:
        """A lease was lost."""
        self._lost.add(1, self._queue)
