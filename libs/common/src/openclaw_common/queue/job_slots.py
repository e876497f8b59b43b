"""The jobs that one process may execute at once, shared by its workers where it serves cells."""

from __future__ import annotations

import asyncio
from typing import Final

EMPTYING_S: Final = 1.0
"""How long a worker that is to run one job alone keeps the others from taking any, in seconds."""


class JobSlots:
    """`total` slots. A worker reserves some, claims so many jobs, and gives the rest back.

    `freed` is set whenever there may be a free one; `alone` is whatever must have no neighbours.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.freed = asyncio.Event()
        self.alone: object | None = None
        self._used = 0
        self._emptied_for: object | None = None
        self._emptied_until = 0.0

    @property
    def used(self) -> int:
        """How many are taken or reserved."""
        return self._used

    def reserve(self, worker: object, most: int) -> int:
        """Take up to `most` slots for a worker; 0 while there is none for it."""
        kept = self._emptied_for not in (None, worker)
        if self.alone is not None or (kept and self._now() < self._emptied_until):
            return 0
        taken = min(most, self.total - self._used)
        self._used += taken
        return taken

    def give_back(self, count: int = 1) -> None:
        """Free slots."""
        self._used -= count
        self.freed.set()

    def empty_for(self, worker: object) -> None:
        """Let nobody else take a slot for a while, because the worker needs all of them."""
        self._emptied_for, self._emptied_until = worker, self._now() + EMPTYING_S

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
