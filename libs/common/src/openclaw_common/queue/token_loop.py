"""The loop of what becomes due at a time or with a token; each process has its own, none leads.

    look: do what is due ─▶ wait for a token, at most until the next is due ─▶ look

A token ends the wait of one process. What it means is found by looking, so none is ever needed:
one that was lost with its taker costs the longest wait.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.waiting import first_of, rest
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S, RedisClient
from openclaw_common.store.connections import BlockingConnection

LEAST_WAIT_S: Final = 0.001
"""The shortest wait that Redis counts: it takes 0 for ever."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TokenLoop:
    """Looks until `stopping` is set, whether Redis is there or not and whatever a look meets.

    `wake` is the list of the tokens. `look` returns in how many seconds something is due next, None
    for never; it is called after `longest_s` seconds at the latest, and may raise StoreUnavailable.
    """

    client: RedisClient
    wake: str
    look: Callable[[], Awaitable[float | None]]
    longest_s: float
    stopping: asyncio.Event
    random_s: Callable[[], float] = random.random

    async def run(self) -> None:
        """Serve."""
        tokens = self.client.blocking()
        pause, away = BACKOFF_START_S, False
        try:
            while not self.stopping.is_set():
                try:
                    await self._wait(tokens, await self.look())
                    pause, away = BACKOFF_START_S, False
                except StoreUnavailable:
                    if not away:
                        _logger.warning("redis_unavailable", extra={"wake": self.wake})
                    away = True
                    pause = await self._rest(pause)
                except Exception:
                    # The top of the task. One entry that cannot be read must neither end what shows
                    # or fires all others nor, with the process, the jobs that it executes.
                    _logger.exception("look_failed", extra={"wake": self.wake})
                    pause = await self._rest(pause)
        finally:
            await tokens.close()

    async def _rest(self, pause: float) -> float:
        await rest(pause * (0.5 + self.random_s() / 2), self.stopping)
        return min(pause * 2, BACKOFF_CAP_S)

    async def _wait(self, tokens: BlockingConnection, due_s: float | None) -> None:
        wait_s = self.longest_s * (0.75 + self.random_s() / 4)
        if due_s is not None:
            wait_s = min(wait_s, due_s)
        if wait_s > 0 and not self.stopping.is_set():
            wait_s = max(wait_s, LEAST_WAIT_S)
            popping = tokens.call("BLPOP", self.wake, f"{wait_s:.3f}", block_s=wait_s)
            await first_of(popping, self.stopping)
