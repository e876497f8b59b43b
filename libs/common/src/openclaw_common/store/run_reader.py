"""One reader per ingress replica: every run it relays, in one blocking XREAD.

`follow` gives a run's events from any sequence on: what is in the stream already and what comes
later arrive through the same read, so there is no seam between replay and live (design: Streams
and readers). A control stream in the same call ends the block when a run is added; admit writes to
it itself, so that adding costs no round trip of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import new_process_id
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S
from openclaw_common.store.run_stream import parse_entries, start_after

if TYPE_CHECKING:
    from openclaw_common.store.store import Store

READ_COUNT: Final = 256
"""Entries of one run in one read; what is left comes with the next."""
UNAVAILABLE_LIMIT_S: Final = 15.0
"""Seconds without Redis after which followers are told."""


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
        self._buffer: list[RunEvent] = []
        self._buffered_bytes = 0
        self._ready = asyncio.Event()
        self._failure: Exception | None = None
        self._ended = False

    @property
    def after(self) -> int:
        """The last sequence that was put into the buffer."""
        return self._after

    def push(self, events: list[RunEvent]) -> None:
        """Take the events that follow on what was taken; sequences are gapless, so the rest was
        known already or comes again from further back."""
        for event in events:
            if event.sequence != self._after + 1 or self._ended:
                continue
            self._after = event.sequence
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
        self._ready.set()

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


class _Followed:
    """One run in the multiplexed read: where it stands, and who wants it."""

    __slots__ = ("cursor", "followers", "key", "reading")

    def __init__(self, key: bytes, cursor: bytes) -> None:
        self.key = key
        self.cursor = cursor
        self.reading = b""
        self.followers: list[Follower] = []


class RunStreamReader:
    """The reader task of one replica. `start` before the first `follow`, `stop` at the end."""

    def __init__(self, store: Store, *, block_ms: int = 1000, buffer_bytes: int = 262144) -> None:
        self._store = store
        self._block_ms = block_ms
        self._buffer_bytes = buffer_bytes
        self._control = store.keys.reader(new_process_id("reader"))
        self._control_cursor = b"0-0"
        self._runs: dict[bytes, _Followed] = {}
        self._task: asyncio.Task[None] | None = None
        self._connection = store.client.blocking()
        self._stopping = False

    @property
    def control(self) -> str:
        """The control stream, for `admit`."""
        return self._control

    @property
    def following(self) -> int:
        """How many runs are being read."""
        return len(self._runs)

    async def start(self) -> None:
        """Start the reader task."""
        self._task = asyncio.create_task(self._run(), name="run-stream-reader")

    async def stop(self) -> None:
        """Stop the task; followers that are left get StoreUnavailable."""
        self._stopping = True
        if self._task is not None:
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=0.1)
        self._fail_all(StoreUnavailable())
        await self._connection.close()

    @asynccontextmanager
    async def follow(
        self, run_id: str, after: int = 0, *, wake: bool = True
    ) -> AsyncIterator[Follower]:
        """Follow a run from behind sequence `after`; it need not be admitted yet.

        `wake=False` where the caller admits the run next and passes this reader to it: admit ends
        the reader's block itself.
        """
        follower = Follower(run_id, after, self._buffer_bytes)
        key = self._store.keys.events(self._store.streams.kind, run_id).encode()
        followed = self._runs.get(key)
        cursor = start_after(after).encode()
        if followed is None:
            followed = self._runs[key] = _Followed(key, cursor)
        elif after < min((f.after for f in followed.followers), default=0):
            followed.cursor = cursor
        followed.followers.append(follower)
        try:
            if wake:
                await self._store.client.execute(
                    "XADD", self._control, "MAXLEN", 1, "*", "run", run_id
                )
            yield follower
        finally:
            followed.followers.remove(follower)
            if not followed.followers and self._runs.get(key) is followed:
                del self._runs[key]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        pause = BACKOFF_START_S
        away_since: float | None = None
        while not self._stopping:
            try:
                reply = await self._read()
            except StoreUnavailable as error:
                away_since = away_since or loop.time()
                if loop.time() - away_since > UNAVAILABLE_LIMIT_S:
                    self._fail_all(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, BACKOFF_CAP_S)
                continue
            pause, away_since = BACKOFF_START_S, None
            for key, entries in reply or ():
                self._deliver(key, entries)

    async def _read(self) -> Any:
        runs = list(self._runs.values())
        for followed in runs:
            followed.reading = followed.cursor
        return await self._connection.call(
            "XREAD",
            "COUNT",
            READ_COUNT,
            "BLOCK",
            self._block_ms,
            "STREAMS",
            self._control,
            *[followed.key for followed in runs],
            self._control_cursor,
            *[followed.cursor for followed in runs],
            block_s=self._block_ms / 1000,
        )

    def _deliver(self, key: bytes, entries: Any) -> None:
        followed = self._runs.get(key)
        if followed is None:
            if key == self._control.encode():
                self._control_cursor = entries[-1][0]
            return
        if followed.reading is not followed.cursor:
            # A follower further back joined while this read was under way: read again from there.
            return
        followed.cursor = entries[-1][0]
        events = parse_entries(entries, 0)
        live = False
        for follower in followed.followers:
            follower.push(events)
            live = live or not follower.ended
        if not live:
            del self._runs[key]

    def _fail_all(self, error: Exception) -> None:
        for followed in self._runs.values():
            for follower in followed.followers:
                follower.fail(error)
        self._runs.clear()
