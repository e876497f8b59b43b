"""The jobs that one process may execute at once, shared by its workers where it serves cells."""

from __future__ import annotations

import asyncio
from typing import Final

EMPTYING_S: Final = 1.0
"""How long a worker that is to run one job alone keeps the others from taking any, in seconds."""


class JobSlots:
    """`total` slots. A worker reserves some, claims jobs, and takes as many as it got jobs.

    `freed` is set whenever there may be a free one; `alone` is whatever must have no neighbours.
    `observed` says that a metric tells of them.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.freed = asyncio.Event()
        self.alone: object | None = None
        self.observed = False
        self.used = 0
        self._reserved = 0
        self._emptied_for: object | None = None
        self._emptied_until = 0.0

    def reserve(self, worker: object, most: int) -> int:
        """Keep up to `most` slots for a worker; 0 while there is none for it."""
        others = self._emptied_for not in (None, worker)
        if self.alone is not None or (others and self._now() < self._emptied_until):
            return 0
        kept_back = min(most, self.total - self.used - self._reserved)
        self._reserved += kept_back
        return kept_back

    def is_idle(self, reserved: int) -> bool:
        """Whether none is taken, and none reserved beside these."""
        return self.used == 0 and self._reserved == reserved

    def take(self) -> None:
        """Take one of those reserved; it comes on top of them until `settle`."""
        self.used += 1

    def settle(self, reserved: int) -> None:
        """Free what was reserved and is not taken."""
        self._reserved -= reserved
        self.freed.set()

    def give_back(self) -> None:
        """Free one that was taken."""
        self.used -= 1
        self.freed.set()

    def empty_for(self, worker: object) -> None:
        """Let nobody else take a slot for a while, because the worker needs all of them."""
        self._emptied_for, self._emptied_until = worker, self._now() + EMPTYING_S

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
