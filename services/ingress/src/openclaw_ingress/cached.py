"""A value that is loaded when it is asked for and kept for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from openclaw_common.runtime.clock import Clock

T = TypeVar("T")


class Cached(Generic[T]):
    """Loads at most once in `fresh_s` seconds, and once for all who ask meanwhile.

    A failed load fails all who waited for it and is not kept.
    """

    def __init__(self, load: Callable[[], Awaitable[T]], *, fresh_s: float, clock: Clock) -> None:
        self._load = load
        self._fresh_s = fresh_s
        self._clock = clock
        self._loading: asyncio.Task[T] | None = None
        self._stale_at = float("-inf")

    async def get(self) -> T:
        """Return the value; raises what loading raises."""
        loading = self._loading
        if loading is None or (loading.done() and self._stale_at <= self._clock.monotonic()):
            loading = self._loading = asyncio.create_task(self._run())
            loading.add_done_callback(_look_at_failure)
        # Others wait for the same task: the first who goes away must not take it along.
        return await asyncio.shield(loading)

    async def _run(self) -> T:
        value = await self._load()
        self._stale_at = self._clock.monotonic() + self._fresh_s
        return value


def _look_at_failure(loading: asyncio.Task[T]) -> None:
    if not loading.cancelled():
        loading.exception()
