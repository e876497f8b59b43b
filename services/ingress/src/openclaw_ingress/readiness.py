"""Whether this replica should get traffic: it does not drain, and Redis answers as promised."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.lifecycle import Drain
from openclaw_common.store.store import Durability, Store
from openclaw_ingress.cached import Cached

FRESH_S: Final = 1.0
"""How long Redis' last answer counts, in seconds (contract §1.8)."""
PING_TIMEOUT_S: Final = 0.8
"""How long Redis may take; below the second that Kubernetes gives a probe by default."""

REDIS: Final = "redis"
DRAINING: Final = "gateway-draining"
DURABILITY: Final = "durability"


@dataclass(frozen=True, slots=True)
class Report:
    """What readiness rests on. `failing` is empty when ready; `durability` None without Redis.

    Of several cells `cells` has what each promises, None for one that does not answer, and
    `durability` is the weakest of them.
    """

    failing: tuple[str, ...]
    durability: Durability | None
    cells: tuple[Durability | None, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing fails."""
        return not self.failing


class Readiness:
    """Made when the process starts, as it also knows for how long the process has been up."""

    def __init__(self, store: Store, drain: Drain, clock: Clock, *, strict: bool) -> None:
        self._store = store
        self._drain = drain
        self._clock = clock
        self._strict = strict
        self._started = clock.monotonic()
        self._durability = Cached(self._ask, fresh_s=FRESH_S, clock=clock)

    @property
    def draining(self) -> bool:
        """Whether the process is on its way out."""
        return self._drain.draining

    def uptime_ms(self) -> int:
        """Return milliseconds since the start."""
        return int((self._clock.monotonic() - self._started) * 1000)

    async def report(self) -> Report:
        """Return the state, asking Redis at most once a second.

        One cell that answers is enough: the requests of another one are refused one by one.
        """
        cells = await self._durability.get()
        found = [each for each in cells if each is not None]
        durability = min(found, key=lambda each: each.strict) if found else None
        failing = [DRAINING] if self._drain.draining else []
        if durability is None:
            failing.append(REDIS)
        elif self._strict and not durability.strict:
            failing.append(DURABILITY)
        return Report(tuple(failing), durability, cells)

    async def _ask(self) -> tuple[Durability | None, ...]:
        return tuple(await asyncio.gather(*map(_promise, self._store.all)))


async def _promise(store: Store) -> Durability | None:
    try:
        async with asyncio.timeout(PING_TIMEOUT_S):
            await store.ping()
            return await store.durability()
    except (StoreUnavailable, TimeoutError):
        return None
