"""A job in the hands of this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from openclaw_common.store.lease_steps import ClaimedJob
from openclaw_common.store.leases import Lease


@dataclass(slots=True, eq=False)
class Held:
    """A claimed job, the asyncio task that executes it, and its lease where it has a record.

    `renewed_at` is when the last successful renewal was asked for, in seconds of the loop's clock:
    the lease ends no earlier than that much later by Redis' clock. `interruptible` says that the
    job function runs and may be cancelled.
    """

    job: ClaimedJob
    lease: Lease | None
    renewed_at: float
    task: asyncio.Task[None] | None = None
    interruptible: bool = False
    lost: bool = False

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to renew."""
        return self.lease is not None and self.lease.settled

    def interrupt(self) -> None:
        """Cancel the job function, once: what it does about it, settling included, is left alone.

        Before and after the function runs, what the lease says is enough.
        """
        if self.interruptible and self.task is not None:
            self.interruptible = False
            self.task.cancel()
