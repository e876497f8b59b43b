"""The store of one kind of job: the steps that both queues have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from openclaw_common.store.admission import Admission
from openclaw_common.store.client import RedisClient
from openclaw_common.store.dead_letters import DeadLetters
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.keys import Keys
from openclaw_common.store.kinds import JobKind
from openclaw_common.store.lease_steps import Leases

EXPIRE_BATCH: Final = 100
"""Jobs that one step of `expire_overdue` looks at."""


@dataclass(frozen=True, slots=True)
class JobStore:
    """What the worker of one queue wants of Redis."""

    kind: JobKind
    scripts: JobScripts
    admission: Admission
    leases: Leases
    dead_letters: DeadLetters

    @property
    def client(self) -> RedisClient:
        """The connection."""
        return self.scripts.client

    @property
    def keys(self) -> Keys:
        """The keys of the cell."""
        return self.scripts.keys

    async def expire_overdue(self) -> int:
        """End jobs that wait past their queue time limit or disconnect grace; returns how many.

        Jobs whose records are gone disappear from all lists.
        """
        total, looked_at, forgotten = 0, EXPIRE_BATCH, EXPIRE_BATCH
        while EXPIRE_BATCH in (looked_at, forgotten):
            looked_at, ended, forgotten = await self.scripts.call("expire", (EXPIRE_BATCH,))
            total += ended
        return total
