"""Run streams as data: entry ids, and reading a stretch of one.

An entry id is `<attempt>-<sequence>`; sequences are gapless over attempts, so the entries after
sequence N are those behind `1-N` whose sequence is greater than N, whichever attempt N belonged to.
Only event 1 and the end of a run that was never claimed stand under attempt 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys


def start_after(sequence: int) -> str:
    """Return the entry id behind which all events after `sequence` lie."""
    return f"1-{sequence}" if sequence > 1 else f"0-{sequence}"


def parse_entries(entries: Iterable[Any], after: int) -> list[RunEvent]:
    """Return the events of raw stream entries whose sequence is greater than `after`."""
    events = []
    for entry_id, fields in entries:
        attempt, _, sequence = entry_id.partition(b"-")
        number = int(sequence)
        if number > after:
            events.append(RunEvent(number, int(attempt), fields[0].decode(), fields[1]))
    return events


@dataclass(frozen=True, slots=True)
class RunStreams:
    """Reads the event streams of one kind of job."""

    client: RedisClient
    keys: Keys
    kind: str

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[RunEvent]:
        """Return up to `limit` events after sequence `after`; empty when there are none (any more).

        Raises StoreUnavailable.
        """
        key = self.keys.events(self.kind, run_id)
        start = f"({start_after(after)}"
        entries = await self.client.execute("XRANGE", key, start, "+", "COUNT", limit)
        events = parse_entries(entries, after)
        while len(events) < limit and len(entries) == limit:
            start = f"({entries[-1][0].decode()}"
            entries = await self.client.execute("XRANGE", key, start, "+", "COUNT", limit)
            events += parse_entries(entries, after)
        return events[:limit]
