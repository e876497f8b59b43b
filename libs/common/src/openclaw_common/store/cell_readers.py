"""The reader of a replica over several cells: one RunStreamReader for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openclaw_common.store.keys import RUN, followed_session
from openclaw_common.store.run_reader import Follower, RunStreamReader
from openclaw_common.store.store import Store


def stream_reader(store: Store, *, block_ms: int, buffer_bytes: int) -> RunStreamReader:
    """Return the reader of a replica for all cells of `store`."""
    readers = [
        RunStreamReader(each, block_ms=block_ms, buffer_bytes=buffer_bytes) for each in store.all
    ]
    return readers[0] if len(readers) == 1 else CellReaders(store, readers)


class CellReaders(RunStreamReader):
    """Reads each run in its cell; a cell that cannot be reached holds up no other's readers."""

    def __init__(self, store: Store, readers: list[RunStreamReader]) -> None:
        super().__init__(store)
        self._cells = store
        self._readers = readers

    @property
    def following(self) -> int:
        """How many runs are being read."""
        return sum(reader.following for reader in self._readers)

    def control_of(self, run_id: str) -> str:
        """See RunStreamReader."""
        return self._readers[self._cells.of(run_id).cell].control_of(run_id)

    async def start(self) -> None:
        """Begin."""
        for reader in self._readers:
            await reader.start()

    async def stop(self) -> None:
        """End; followers that are left get StoreUnavailable."""
        await asyncio.gather(*(reader.stop() for reader in self._readers))

    @asynccontextmanager
    async def follow(
        self, run_id: str, after: int = 0, *, wake: bool = True, kind: str = RUN
    ) -> AsyncIterator[Follower]:
        """See RunStreamReader; the feed of a session is in the session's cell."""
        session_key = followed_session(run_id)
        store = self._cells.of(run_id) if session_key is None else await self._cells.at(session_key)
        reader = self._readers[store.cell]
        async with reader.follow(run_id, after, wake=wake, kind=kind) as follower:
            yield follower
