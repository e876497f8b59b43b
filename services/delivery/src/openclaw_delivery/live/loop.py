"""Shows what is due. Every delivery process has one such loop, and none is in charge.

    take what is due ─▶ indicator or preview ─▶ due again later ─▶ wait for a token, or that time

A process that dies leaves what it has taken to the others when its short lease runs out.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.queue.token_loop import TokenLoop
from openclaw_common.store.live import LiveEntry
from openclaw_delivery.live.context import LiveContext

LOOK_AGAIN_S: Final = 2.0
"""Longest wait for a token, in case one was lost with its taker."""
UNDER_WAY_S: Final = 0.25
"""The same while this process asks platforms: what it has done may soon be due again."""

Show = Callable[[LiveEntry], Awaitable[None]]

_logger = logging.getLogger(__name__)


class LiveLoop:
    """Shows runs until `stop`. `shows` are by the sort of entry."""

    def __init__(
        self,
        context: LiveContext,
        shows: Mapping[str, Show],
        *,
        random_s: Callable[[], float] = random.random,
    ) -> None:
        self._live = context.live
        self._lease_s = context.lease_s
        self._most = context.limits.live_concurrency
        self._shows = shows
        self._random_s = random_s
        self._stopping = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Take nothing more; `run` returns when what is under way has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Show what is due until stopped. Redis may go away and come back."""
        live = self._live
        try:
            await TokenLoop(
                live.client,
                live.keys.live_wake,
                self._look,
                longest_s=LOOK_AGAIN_S,
                stopping=self._stopping,
                random_s=self._random_s,
            ).run()
        finally:
            while self._under_way:
                await asyncio.wait(self._under_way)

    async def _look(self) -> float | None:
        """Take what is due; returns in how many seconds to look again at the latest."""
        room = self._most - len(self._under_way)
        if room <= 0:
            return UNDER_WAY_S
        due_s, entries = await self._live.take(room, self._lease_s)
        for entry in entries:
            task = asyncio.create_task(self._show(entry), name="live-run")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if not self._under_way:
            return due_s
        return UNDER_WAY_S if due_s is None else min(UNDER_WAY_S, due_s)

    async def _show(self, entry: LiveEntry) -> None:
        try:
            await self._shows[entry.sort](entry)
        except StoreUnavailable:
            _logger.debug("run_not_shown", extra={"run_id": entry.run_id})
        except Exception:
            # The top of the task. A channel may be anybody's code: whatever it raises, the others'
            # runs are shown, and deliveries go on.
            _logger.exception("run_not_shown", extra={"run_id": entry.run_id})
