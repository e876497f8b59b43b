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
from typing import Final

from openclaw_agent_worker.schedule_plan import plan_schedule
from openclaw_agent_worker.unasked_turns import UnaskedTurns, turns_of
from openclaw_common.automation.cron_scheduler import CronScheduler
from openclaw_common.queue.token_loop import TokenLoop
from openclaw_common.runtime.config import Config
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
        self._planned = False
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Fire nothing more; `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Plan what the configuration has, then serve the schedule until stopped."""
        await TokenLoop(
            self._store.client,
            self._store.keys.schedule_wake,
            self._look_planned,
            longest_s=LOOK_AGAIN_S,
            stopping=self._stopping,
            random_s=self._random_s,
        ).run()

    async def _look_planned(self) -> float | None:
        if not self._planned:
            await plan_schedule(self._config, self._whole, self._cron, self._store)
            self._planned = True
        return await self.look()

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
