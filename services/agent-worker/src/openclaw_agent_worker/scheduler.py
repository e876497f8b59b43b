"""The scheduler: fires what is due. Every agent worker has one, and none is in charge.

    plan_schedule ─▶ look at what is first in the schedule ─▶ fire what is due ─▶ wait for a token

All of them may look at the same entry at once: the `fire` step lets one of them have it. A worker
that dies leaves what it has not fired to the others.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from openclaw_agent_worker.schedule_plan import plan_schedule
from openclaw_agent_worker.unasked_turns import UnaskedTurns, turns_of
from openclaw_common.automation.cron_scheduler import CronScheduler
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.config import Config
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S
from openclaw_common.store.connections import BlockingConnection
from openclaw_common.store.schedule import CRON, HEARTBEAT, WAKE, DueEntry, Fired, FireOutcome, Tick
from openclaw_common.store.store import Store

_logger = logging.getLogger(__name__)

BATCH: Final = 100
"""Entries of one look."""
LOOK_AGAIN_S: Final = 2.0
"""Longest wait for a token, in case one was lost with its taker or an entry could not be fired."""
GONE: Final = "gone"
QUEUE: Final = "queue"
"""What is full, when it is not the session's lane."""
_STAY: Final = (FireOutcome.FULL, FireOutcome.DEFERRED, FireOutcome.LEFT)
_UNTOLD: Final = (FireOutcome.MOVED, FireOutcome.DEFERRED, FireOutcome.LEFT)


class Scheduler:
    """Fires what is due until `stop`. Redis may go away and come back.

    Of several cells it serves the schedule of one, `here`.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        here: Store | None = None,
        *,
        random_s: Callable[[], float] = random.random,
    ) -> None:
        here = here or store
        self._config = config
        self._store = here
        self._whole = store
        self._cron = CronScheduler(config, store, here.schedule)
        self._unasked = UnaskedTurns(config, store, here.schedule)
        self._random_s = random_s
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Fire nothing more; `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Plan what the configuration has, then serve the schedule until stopped."""
        tokens = self._store.client.blocking()
        planned = False
        pause = BACKOFF_START_S
        try:
            while not self._stopping.is_set():
                try:
                    if not planned:
                        await plan_schedule(self._config, self._whole, self._cron, self._store)
                        planned = True
                    await self._wait(tokens, await self.look())
                    pause = BACKOFF_START_S
                except StoreUnavailable:
                    _logger.warning("redis_unavailable")
                    await self._rest(pause * (0.5 + self._random_s() / 2))
                    pause = min(pause * 2, BACKOFF_CAP_S)
        finally:
            await tokens.close()

    async def look(self) -> float | None:
        """Fire what is due; returns in how many seconds the next entry is, None for none.

        Entries that cannot be fired now stay in front and are passed over; where one wake has to
        wait, all that wait with it do so unasked. Raises StoreUnavailable.
        """
        passed_over = 0
        resting: dict[str, float] = {}
        while not self._stopping.is_set():
            now_ms, entries = await self._store.schedule.first(passed_over, BATCH)
            due = [entry for entry in entries if entry.due_ms <= now_ms]
            if not due:
                next_s = [(entry.due_ms - now_ms) / 1000 for entry in entries[:1]]
                return min([*next_s, *resting.values()], default=None)
            # What is fired is due again some time, so the next look starts behind what was not.
            for entry in due:
                if self._stopping.is_set():
                    break
                if not await self._settled(entry, now_ms, resting):
                    passed_over += 1
        return None

    async def _settled(self, entry: DueEntry, now_ms: int, resting: dict[str, float]) -> bool:
        """Fire an entry; whether it is no longer in front.

        `resting` tells whose wakes have to wait, and for how many seconds.
        """
        whose = turns_of(entry) if entry.sort == WAKE else None
        if whose in resting:
            return False
        try:
            fired = await self._fire(entry, now_ms)
        except ValueError:
            # One that cannot be read must not keep the others from being fired.
            _logger.exception("schedule_entry_unreadable", extra={"entry": entry.name})
            return False
        if fired is None:
            return False
        if whose is not None and fired.outcome is FireOutcome.DEFERRED:
            resting[whose] = fired.in_ms / 1000
        elif whose is not None and fired.outcome is FireOutcome.FULL and fired.why == QUEUE:
            resting[whose] = LOOK_AGAIN_S
        if fired.outcome not in _UNTOLD:
            extra = {"entry": entry.name, "outcome": fired.outcome.value, "why": fired.why}
            _logger.info("schedule_entry_fired", extra=extra)
        return fired.outcome not in _STAY

    async def _fire(self, entry: DueEntry, now_ms: int) -> Fired | None:
        """Return what became of an entry, None for one that is none of this process's."""
        if entry.sort == WAKE:
            return await self._unasked.fire_wake(entry, now_ms)
        if entry.sort == HEARTBEAT:
            fired = await self._unasked.fire_heartbeat(entry, now_ms)
        elif entry.sort == CRON and self._config.cron.enabled:
            fired = await self._cron.fire(entry, now_ms)
        else:
            return None
        return fired or await self._store.schedule.fire(
            entry, Tick(entry.due_ms, reason=GONE), None
        )

    async def _wait(self, tokens: BlockingConnection, due_in_s: float | None) -> None:
        """Wait for a token, but not past the next due time."""
        wait_s = LOOK_AGAIN_S * (0.75 + self._random_s() / 4)
        if due_in_s is not None:
            wait_s = min(wait_s, due_in_s)
        if wait_s <= 0 or self._stopping.is_set():
            return
        key = self._store.keys.schedule_wake
        popping = asyncio.create_task(tokens.call("BLPOP", key, f"{wait_s:.3f}", block_s=wait_s))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({popping, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if popping.done():
                popping.result()
        finally:
            await _end(popping, stopping)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


async def _end(*tasks: asyncio.Task[Any]) -> None:
    # One cancel() can be swallowed by a connection that is just answering (reliability.md §1.3).
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.1)
    for task in tasks:
        if not task.cancelled():
            task.exception()
