"""Shows what is due. Every delivery process has one such loop, and none is in charge.

    take what is due ─▶ indicator or preview ─▶ due again later ─▶ wait for a token, or that time

A process that dies leaves what it has taken to the others when its short lease runs out.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S
from openclaw_common.store.connections import BlockingConnection
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
        tokens = self._live.client.blocking()
        pause = BACKOFF_START_S
        try:
            while not self._stopping.is_set():
                try:
                    await self._wait(tokens, await self._look())
                    pause = BACKOFF_START_S
                except StoreUnavailable:
                    await self._first_of(asyncio.sleep(pause * (0.5 + self._random_s() / 2)))
                    pause = min(pause * 2, BACKOFF_CAP_S)
        finally:
            await tokens.close()
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
        return due_s

    async def _show(self, entry: LiveEntry) -> None:
        try:
            await self._shows[entry.sort](entry)
        except StoreUnavailable:
            _logger.debug("run_not_shown", extra={"run_id": entry.run_id})
        except Exception:
            # Whatever a channel does here, deliveries go on.
            _logger.exception("run_not_shown", extra={"run_id": entry.run_id})

    async def _wait(self, tokens: BlockingConnection, due_s: float | None) -> None:
        """Wait for a token, but not past the next due time."""
        wait_s = UNDER_WAY_S if self._under_way else LOOK_AGAIN_S * (0.75 + self._random_s() / 4)
        wait_s = wait_s if due_s is None else min(wait_s, due_s)
        if wait_s > 0:
            key = self._live.keys.live_wake
            await self._first_of(tokens.call("BLPOP", key, f"{wait_s:.3f}", block_s=wait_s))

    async def _first_of(self, awaited: Awaitable[Any]) -> None:
        """Wait, but not when told to stop; raises what it raised."""
        waiting = asyncio.ensure_future(awaited)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
        finally:
            await _end(waiting, stopping)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    # One cancel() can be swallowed by a connection that is just answering.
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.1)
    for task in tasks:
        if not task.cancelled():
            task.exception()
