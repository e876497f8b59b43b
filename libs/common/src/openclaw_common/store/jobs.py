"""The scripts of one kind of job, with the arguments that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import Arg
from openclaw_common.store.keys import Keys
from openclaw_common.store.kinds import KINDS, JobKind


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what has ended is kept, in milliseconds."""

    record_ms: int
    stream_ms: int
    idempotency_ms: int
    dead_letter_ms: int


@dataclass(frozen=True, slots=True)
class JobScripts:
    """Runs the atomic steps of one kind of job (`run`, `delivery`) in one cell."""

    client: RedisClient
    keys: Keys
    kind: str
    retention: Retention

    @property
    def words(self) -> JobKind:
        """The words of the kind."""
        return KINDS[self.kind]

    async def call(self, name: str, args: Sequence[Arg], more_keys: Sequence[str] = ()) -> Any:
        """Run script `name` with its own `args` behind the shared ones."""
        retention = self.retention
        return await self.client.call(
            scripts.load(name),
            (self.keys.queue(self.kind), *more_keys),
            (
                self.keys.jobs(self.kind),
                retention.record_ms,
                retention.stream_ms,
                retention.idempotency_ms,
                retention.dead_letter_ms,
                *args,
            ),
        )
