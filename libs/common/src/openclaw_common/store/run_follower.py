"""What one client sees of a run stream: a bounded buffer between the replica's reader and it."""

from __future__ import annotations

import asyncio
import time

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run_event import RunEvent


class ReaderOverflow(Exception):
    """The follower took events more slowly than they came; it may resume from its last event."""


class Follower:
    """The events of one run for one client: iterate over batches of `list[RunEvent]`.

    Ends after the terminal event. Raises ReaderOverflow when more than `buffer_bytes` wait, and
    StoreUnavailable when Redis stays away.
    """

    def __init__(self, run_id: str, after: int, buffer_bytes: int) -> None:
        self.run_id = run_id
        self._limit = buffer_bytes
        self._after = after
        self._attempt = 0
        self._buffer: list[RunEvent] = []
        self._buffered_bytes = 0
        self._waiting_since = 0.0
        self._ready = asyncio.Event()
        self._failure: Exception | None = None
        self._ended = False

    def push(self, events: list[RunEvent]) -> None:
        """Take the events that follow on what was taken; earlier ones were known already.

        A gap, or a later attempt's event at a place that was already taken, means that Redis lost
        events (a fail-over, a crash without `appendfsync always`): what was read can then not be
        continued, and the iteration ends with StoreUnavailable.
        """
        if not self._buffer:
            self._waiting_since = time.monotonic()
        for event in events:
            if self.ended:
                break
            if event.sequence <= self._after:
                if event.attempt > self._attempt > 0:
                    self.fail(StoreUnavailable())
                continue
            if event.sequence > self._after + 1:
                self.fail(StoreUnavailable())
                break
            self._after = event.sequence
            self._attempt = event.attempt
            self._buffer.append(event)
            self._buffered_bytes += len(event.data)
            self._ended = event.terminal
        if self._buffered_bytes > self._limit and len(self._buffer) > 1:
            self.fail(ReaderOverflow())
        elif self._buffer:
            self._ready.set()

    def fail(self, error: Exception) -> None:
        """End the iteration with `error`, dropping what waits."""
        self._failure = error
        self._buffer.clear()
        self._buffered_bytes = 0
        self._ready.set()

    @property
    def buffered_bytes(self) -> int:
        """Bytes of events that wait for the client."""
        return self._buffered_bytes

    @property
    def waiting_s(self) -> float:
        """How long the oldest of them has waited, in seconds."""
        return time.monotonic() - self._waiting_since if self._buffer else 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return self._ended or self._failure is not None

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> list[RunEvent]:
        if not self._buffer:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
            if self._failure is not None:
                raise self._failure
        batch, self._buffer = self._buffer, []
        self._buffered_bytes = 0
        return batch
