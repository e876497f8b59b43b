"""One reader per ingress replica: every run it relays, in a few blocking XREADs.

`follow` gives a run's events from any sequence on: what is in the stream already and what comes
later arrive through the same read, so there is no seam between replay and live (design: Streams
and readers). A control stream in the same call ends the block when a run is added; admit writes to
it itself, so that adding costs no round trip of its own.

Redis pays for every run named in a blocking read, each time one of them gets an event. So a read
holds at most RUNS_PER_READ runs, and further ones go into another read on a connection of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import new_process_id
from openclaw_common.runtime.waiting import end
from openclaw_common.store.client import BACKOFF_CAP_S, BACKOFF_START_S
from openclaw_common.store.keys import RUN
from openclaw_common.store.run_follower import Follower, ReaderOverflow
from openclaw_common.store.run_stream import parse_entries, start_after

if TYPE_CHECKING:
    from openclaw_common.store.store import Store

__all__ = ["Follower", "ReaderOverflow", "RunStreamReader"]

RUNS_PER_READ: Final = 128
"""Runs in one blocking read."""
READ_COUNT: Final = 64
"""Entries of one run in one read; what is left comes with the next."""
CONTROL_TTL_MS: Final = 3_600_000
EXPIRE_PERIOD_S: Final = 1.0
"""How often overdue runs are looked for while anything is followed: no worker may be there to."""
UNAVAILABLE_LIMIT_S: Final = 15.0
"""Seconds without Redis after which followers are told."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that were read and wait for clients: bytes of all, seconds that the oldest waits."""

    buffered_bytes: int
    oldest_s: float


class _Followed:
    """One run in a read: where it stands, and who wants it."""

    __slots__ = ("cursor", "followers", "key", "moved")

    def __init__(self, key: bytes, after: int) -> None:
        self.key = key
        self.cursor = start_after(after).encode()
        self.followers: list[Follower] = []
        self.moved = True
        """Whether the cursor was set since the read under way was sent, whose answer is then of
        no use."""

    def add(self, follower: Follower, after: int) -> None:
        """Add a follower, going back to where it stands if the run was read further."""
        self.followers.append(follower)
        if after < int(self.cursor.partition(b"-")[2]):
            self.cursor = start_after(after).encode()
            self.moved = True


class _Read:
    """Up to RUNS_PER_READ runs in one blocking XREAD, and the task that repeats it."""

    def __init__(self, store: Store, block_ms: int) -> None:
        self.control = store.keys.reader(new_process_id("reader"))
        self.runs: dict[bytes, _Followed] = {}
        self._store = store
        self._block_ms = block_ms
        self._control_key = self.control.encode()
        self._control_cursor = b"0-0"
        self._connection = store.client.blocking()
        self._wanted = asyncio.Event()
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="run-stream-reader")

    def join(self, key: bytes, follower: Follower, after: int) -> _Followed:
        """Take part in the next read."""
        followed = self.runs.get(key)
        if followed is None:
            followed = self.runs[key] = _Followed(key, after)
        followed.add(follower, after)
        self._wanted.set()
        return followed

    def leave(self, followed: _Followed, follower: Follower) -> None:
        """Take part no more."""
        followed.followers.remove(follower)
        if not followed.followers and self.runs.get(followed.key) is followed:
            del self.runs[followed.key]

    async def wake(self) -> None:
        """End the block of the read under way. Raises StoreUnavailable."""
        client = self._store.client
        client.submit("XADD", self.control, "MAXLEN", 1, "*", "run", "")
        await client.execute("PEXPIRE", self.control, CONTROL_TTL_MS)

    async def stop(self) -> None:
        """End the task; followers that are left get StoreUnavailable."""
        self._stopping = True
        await end([self._task])
        self._fail_all(StoreUnavailable())
        await self._connection.close()
        with suppress(StoreUnavailable):
            await self._store.client.execute("DEL", self.control)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        pause = BACKOFF_START_S
        away_since: float | None = None
        while not self._stopping:
            try:
                if not self.runs:
                    await self._connection.close()
                    self._wanted.clear()
                    await self._wanted.wait()
                for key, entries in await self._read() or ():
                    self._deliver(key, entries)
            except StoreUnavailable as error:
                away_since = away_since or loop.time()
                if loop.time() - away_since > UNAVAILABLE_LIMIT_S:
                    self._fail_all(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, BACKOFF_CAP_S)
            except Exception:
                # The top of the read's task, which all that join later depend on: one stream that
                # cannot be read (a key of another type, an entry of another release) ends those
                # that share its read, and no others.
                logger.exception("run_reader_failed")
                self._fail_all(StoreUnavailable())
                await asyncio.sleep(BACKOFF_CAP_S)
            else:
                pause, away_since = BACKOFF_START_S, None

    async def _read(self) -> Any:
        runs = list(self.runs.values())
        for followed in runs:
            followed.moved = False
        return await self._connection.call(
            "XREAD",
            "COUNT",
            READ_COUNT,
            "BLOCK",
            self._block_ms,
            "STREAMS",
            self._control_key,
            *[followed.key for followed in runs],
            self._control_cursor,
            *[followed.cursor for followed in runs],
            block_s=self._block_ms / 1000,
        )

    def _deliver(self, key: bytes, entries: Any) -> None:
        followed = self.runs.get(key)
        if followed is None:
            if key == self._control_key:
                self._control_cursor = entries[-1][0]
            return
        if followed.moved:
            return
        followed.cursor = entries[-1][0]
        events = parse_entries(entries, 0)
        live = False
        for follower in followed.followers:
            follower.push(events)
            live = live or not follower.ended
        if not live:
            del self.runs[key]

    def _fail_all(self, error: Exception) -> None:
        for followed in self.runs.values():
            for follower in followed.followers:
                follower.fail(error)
        self.runs.clear()


class RunStreamReader:
    """The reader of one replica. `start` before the first `follow`, `stop` at the end."""

    def __init__(self, store: Store, *, block_ms: int = 1000, buffer_bytes: int = 262144) -> None:
        self._store = store
        self._block_ms = block_ms
        self._buffer_bytes = buffer_bytes
        self._reads: list[_Read] = []
        self._expiring: asyncio.Task[None] | None = None

    @property
    def following(self) -> int:
        """How many runs are being read."""
        return sum(len(read.runs) for read in self._reads)

    def backlog(self) -> Backlog:
        """Return what was read and waits for clients. Metrics ask for it on another thread."""
        followers = [
            follower
            for read in self._reads
            for followed in list(read.runs.values())
            for follower in followed.followers
        ]
        return Backlog(
            sum(follower.buffered_bytes for follower in followers),
            max((follower.waiting_s for follower in followers), default=0.0),
        )

    def control_of(self, run_id: str) -> str:
        """The control stream of the read that follows a run, for `admit`; "" for no read."""
        key = self._key(run_id)
        return next((read.control for read in self._reads if key in read.runs), "")

    async def start(self) -> None:
        """Begin."""
        self._expiring = asyncio.create_task(self._expire_loop(), name="expire-overdue")

    async def stop(self) -> None:
        """End; followers that are left get StoreUnavailable."""
        if self._expiring is not None:
            await end([self._expiring])
        reads, self._reads = self._reads, []
        await asyncio.gather(*(read.stop() for read in reads))

    @asynccontextmanager
    async def follow(
        self, run_id: str, after: int = 0, *, wake: bool = True, kind: str = RUN
    ) -> AsyncIterator[Follower]:
        """Follow a run from behind sequence `after`; it need not be admitted yet.

        `wake=False` where the caller admits the run next and passes this reader to it: admit ends
        the reader's block itself. A delivery, which is another `kind` of job, has no event that is
        always its last: its follower stops when it has seen enough.
        """
        key = self._key(run_id, kind)
        read = self._read_for(key)
        follower = Follower(run_id, after, self._buffer_bytes)
        followed = read.join(key, follower, after)
        try:
            if wake:
                await read.wake()
            yield follower
        finally:
            read.leave(followed, follower)

    def _key(self, run_id: str, kind: str = RUN) -> bytes:
        return self._store.keys.events(kind, run_id).encode()

    def _read_for(self, key: bytes) -> _Read:
        for read in self._reads:
            if key in read.runs:
                return read
        for read in self._reads:
            if len(read.runs) < RUNS_PER_READ:
                return read
        self._reads.append(_Read(self._store, self._block_ms))
        return self._reads[-1]

    async def _expire_loop(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_PERIOD_S)
            with suppress(StoreUnavailable):
                if self.following:
                    await self._store.run_jobs.expire_overdue()
