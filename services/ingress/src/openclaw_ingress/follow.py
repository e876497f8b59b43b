"""From a run stream to a response: the glue between the replica's reader and a client.

    events_of ─▶ view.encode ─▶ SseResponse ─▶ the client          (relay)

One batch of events is one write. A stream ends whole (its view ended), is asked to come back
(`retry`, when the process closes), or breaks off (the client was too slow, Redis stayed away); in
each case its client resumes behind the last id it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from aiohttp import web

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run_event import MESSAGE_DELTA, RunEvent
from openclaw_common.runtime import tracing
from openclaw_common.store.run_reader import ReaderOverflow, RunStreamReader
from openclaw_common.store.store import Store
from openclaw_ingress.middleware.measuring import METER
from openclaw_ingress.open_streams import OpenStreams
from openclaw_ingress.sse import CONTENT_TYPE, KEEP_ALIVE, retry

PAGE: Final = 500
"""Events in one read while catching up."""
RECONNECT_MS: Final = 500
"""How soon the client of a closing process shall come back, in milliseconds."""

_logger: Final = logging.getLogger(__name__)


class View(Protocol):
    """How the events of a run look to one client."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will be said."""
        ...

    def encode(self, events: Iterable[RunEvent]) -> bytes:
        """Return the frames of the next events."""
        ...


async def events_of(
    store: Store, reader: RunStreamReader, run_id: str, after: int = 0
) -> AsyncGenerator[list[RunEvent], None]:
    """Yield the events of a run that has not ended, from behind `after` to the terminal one.

    What is there already is read in pages, as fast as the consumer takes it; the rest comes live.
    Raises ReaderOverflow and StoreUnavailable.
    """
    while page := await store.streams.read(run_id, after, PAGE):
        yield page
        after = page[-1].sequence
        if page[-1].terminal:
            return
    async with reader.follow(run_id, after) as follower:
        async for batch in follower:
            yield batch


async def kept_events(
    store: Store, run_id: str, page: list[RunEvent]
) -> AsyncGenerator[list[RunEvent], None]:
    """Yield the events of an ended run: `page`, and what is kept behind it."""
    while page:
        yield page
        if page[-1].terminal:
            return
        page = await store.streams.read(run_id, page[-1].sequence, PAGE)


async def wait_for_end(
    store: Store,
    reader: RunStreamReader,
    run_id: str,
    *,
    after: int,
    events: AsyncIterable[list[RunEvent]] | None = None,
) -> None:
    """Return once the run has ended; `events` are those behind `after`, if already at hand.

    Raises StoreUnavailable.
    """
    while True:
        source = events_of(store, reader, run_id, after)
        async with aclosing(source):
            try:
                async for batch in events or source:
                    after = batch[-1].sequence
            except ReaderOverflow:
                events = None
            else:
                return


class SseResponse:
    """An event stream that has begun.

    Sends a comment when nothing else was sent for `keep_alive_s` seconds, from the first frame on.
    That costs one timer a period, not one a write.
    """

    def __init__(self, response: web.StreamResponse, keep_alive_s: float) -> None:
        self.response = response
        self._keep_alive_s = keep_alive_s
        self._loop = asyncio.get_running_loop()
        self._written_at = 0.0
        self._writing = False
        self._timer: asyncio.TimerHandle | None = None
        self._comment: asyncio.Task[None] | None = None

    @classmethod
    async def begin(
        cls, request: web.Request, headers: Mapping[str, str], *, keep_alive_s: float
    ) -> SseResponse:
        """Fix the head (contract §1.1, streaming); it leaves with the first frame."""
        response = web.StreamResponse(
            headers={
                "Content-Type": CONTENT_TYPE,
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",
                **headers,
            }
        )
        if request.keep_alive:
            response.headers["Connection"] = "keep-alive"
        await response.prepare(request)
        return cls(response, keep_alive_s)

    async def write(self, frames: bytes) -> None:
        """Send whole frames; returns when there is room for more. Raises ConnectionError."""
        self._writing = True
        try:
            await self.response.write(frames)
        finally:
            self._writing = False
        self._written_at = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._keep_alive_s, self._tick)

    def close(self) -> None:
        """Send no more comments."""
        if self._timer is not None:
            self._timer.cancel()
        if self._comment is not None:
            self._comment.cancel()

    def _tick(self) -> None:
        idle = self._loop.time() - self._written_at
        if idle >= self._keep_alive_s:
            idle = 0.0
            # A write that waits for its client says that the connection is full, not idle.
            if not self._writing:
                self._comment = self._loop.create_task(self._send_comment())
        self._timer = self._loop.call_later(self._keep_alive_s - idle, self._tick)

    async def _send_comment(self) -> None:
        try:
            await self.response.write(KEEP_ALIVE)
        except ConnectionError:
            self.close()
        self._written_at = self._loop.time()


async def relay(
    request: web.Request,
    sse: SseResponse,
    events: AsyncIterable[list[RunEvent]],
    view: View,
    streams: OpenStreams,
    *,
    first: bytes = b"",
) -> bool:
    """Write `first` and then what `view` makes of `events`; return whether the run has ended.

    Raises ConnectionError, or is cancelled, when the client goes away.
    """
    run_ended, silent = False, True
    try:
        async with streams.until_closing() as scope:
            if first:
                await sse.write(first)
            async for batch in events:
                run_ended = batch[-1].terminal
                frames = view.encode(batch)
                if frames:
                    await sse.write(frames)
                if silent and any(event.type == MESSAGE_DELTA for event in batch):
                    silent = False
                    request.app[METER].text_shown(request)
                if view.ended:
                    break
    except TimeoutError:
        if not scope.expired():
            raise
        await sse.write(retry(RECONNECT_MS))
    except (ReaderOverflow, StoreUnavailable) as error:
        _break_off(request, error)
    finally:
        sse.close()
    return run_ended


def _break_off(request: web.Request, error: Exception) -> None:
    # Without the chunk that ends a body: the client must not take this for the end of the stream.
    request.app[METER].broken_off(type(error).__name__)
    _logger.info("stream.broken_off", extra={"reason": type(error).__name__})
    if (span := tracing.current()) is not None:
        span.fail(tracing.error_type(error))
    if request.transport is not None:
        request.transport.abort()
