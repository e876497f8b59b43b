"""The slots of this process, shared so that an account whose platform hangs leaves room.

An account may fill so many slots for each one that is free: one alone gets most of them, and those
that come later still find some, however many hang (Choudhury and Hahne, "Dynamic queue length
thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from openclaw_common.runtime.clock import Clock

MOVING_S: Final = 1.0
"""How long after one of its slots was freed an account counts as one that answers, in seconds."""


@dataclass(slots=True)
class _Use:
    """The slots that one account fills, and when it began or last gave one back."""

    moved_s: float
    filled: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Slots:
    """`total` slots, of which an account may fill `per_free` for each free one.

    `longest_s` is how long a slot can be held for one part; `random` gives a float in [0, 1).
    """

    def __init__(
        self,
        total: int,
        per_free: int,
        longest_s: float,
        *,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._total = total
        self._per_free = per_free
        self._longest_s = longest_s
        self._clock = clock
        self._random = random
        self._uses: dict[str, _Use] = {}

    async def take(self, account: str) -> float | None:
        """Fill a slot, and return None; else after how many seconds to ask again.

        An account that answers is waited for, since one of its slots will be free in a moment.
        """
        use = self._uses.setdefault(account, _Use(self._clock.monotonic()))
        while not self._fits(use):
            idle_s = self._clock.monotonic() - use.moved_s
            if idle_s >= MOVING_S:
                return min(idle_s, self._longest_s) * (0.5 + self._random())
            with suppress(TimeoutError):
                async with asyncio.timeout(MOVING_S - idle_s):
                    await use.freed.wait()
        use.filled += 1
        return None

    def free(self, account: str) -> None:
        """Give a slot back."""
        use = self._uses[account]
        use.filled -= 1
        use.moved_s = self._clock.monotonic()
        use.freed.set()
        use.freed = asyncio.Event()
        if use.filled == 0:
            del self._uses[account]

    def _fits(self, use: _Use) -> bool:
        free = self._total - sum(other.filled for other in self._uses.values())
        return use.filled < max(1, self._per_free * free)
