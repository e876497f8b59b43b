"""Every response of this process that follows a run: how many may be open, and how they end.

One `OpenStreams` belongs to one application (`install`). When the process closes (Drain) each of
them is interrupted where it waits, and ends itself at a border that its client understands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.runtime.lifecycle import Drain
from openclaw_ingress.app_keys import CONFIG, DRAIN
from openclaw_ingress.errors import GatewayUnavailable

TOO_MANY: Final = ErrorBody(
    503, API_ERROR, "The gateway streams to too many clients; retry later.", "too_many_streams"
)
CLEANUP_S: Final = 5.0
"""How long the end of the application waits for what `finish_later` was given, in seconds."""


class TooManyStreams(GatewayError):
    """The gateway streams to too many clients; retry later."""

    def __init__(self) -> None:
        super().__init__(TOO_MANY, retry_after_s=1)


class OpenStreams:
    """Counts streams up to `limit` and interrupts everything that follows when `drain` closes."""

    def __init__(self, drain: Drain, limit: int) -> None:
        self._drain = drain
        self._limit = limit
        self._open = 0
        self._scopes: set[asyncio.Timeout] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._unfinished: set[asyncio.Task[None]] = set()
        self._alone: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """Responses that are streamed now."""
        return self._open

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Count one stream. Raises TooManyStreams, and GatewayUnavailable while closing."""
        if self._drain.closing:
            raise GatewayUnavailable
        if self._open >= self._limit:
            raise TooManyStreams
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @asynccontextmanager
    async def until_closing(self, timeout_s: float | None = None) -> AsyncIterator[asyncio.Timeout]:
        """Run the block until it ends, the process closes or `timeout_s` seconds are over.

        Raises TimeoutError for the latter two.
        """
        async with asyncio.timeout(timeout_s) as scope:
            self._scopes.add(scope)
            try:
                self._watch()
                yield scope
            finally:
                self._scopes.discard(scope)

    async def finish_later(self, work: Coroutine[Any, Any, None]) -> None:
        """Await `work`, which goes on to its end even when the caller is cancelled meanwhile."""
        task = asyncio.ensure_future(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        await asyncio.shield(task)

    def finish_alone(self, work: Coroutine[Any, Any, None]) -> None:
        """Let `work` go on with nobody waiting, until it or the process ends.

        As many at once as streams may be open; one more is dropped.
        """
        if len(self._alone) >= self._limit:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._alone.add(task)
        task.add_done_callback(self._alone.discard)

    async def close(self) -> None:
        """Stop watching, and wait for unfinished work for at most `CLEANUP_S`."""
        for task in self._alone:
            task.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._unfinished:
            await asyncio.wait(self._unfinished, timeout=CLEANUP_S)

    def _watch(self) -> None:
        if self._drain.closing:
            self._interrupt()
        elif self._watcher is None:
            self._watcher = asyncio.create_task(self._wait(), name="open-streams")

    async def _wait(self) -> None:
        await self._drain.wait_closing()
        self._interrupt()

    def _interrupt(self) -> None:
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)


OPEN_STREAMS: Final[web.AppKey[OpenStreams]] = web.AppKey("open_streams", OpenStreams)


def install(app: web.Application) -> None:
    """Give `app`, which has its DRAIN and CONFIG, its OpenStreams."""
    app[OPEN_STREAMS] = OpenStreams(app[DRAIN], app[CONFIG].ingress.max_streams)
    app.on_cleanup.append(_close)


async def _close(app: web.Application) -> None:
    await app[OPEN_STREAMS].close()
