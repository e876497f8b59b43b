"""The spans of runs, kept for a while so that a trace can be seen with no backend at all.

One text a run: encoded `resource_spans`, one behind another; together they are `TracesData`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.exceptions import ResponseError

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.runtime.tracing_pipeline import Ended, OutletError
from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Traces:
    """The kept spans of one cell."""

    client: RedisClient
    keys: Keys

    async def read(self, run_id: str) -> bytes:
        """Return the spans of a run, empty where none are kept. Raises StoreUnavailable."""
        return bytes(await self.client.execute("GET", self.keys.trace(run_id)) or b"")

    async def keep(self, spans: Sequence[Ended], limits: Tracing) -> None:
        """Keep spans with the runs that they are shown with. Raises StoreUnavailable."""
        found: dict[str, dict[int, list[Ended]]] = {}
        for span in spans:
            for run_id in span.runs:
                found.setdefault(run_id, {}).setdefault(id(span.origin), []).append(span)
        if not found:
            return
        texts = {
            run_id: b"".join(
                of_one[0].origin.around(each.fields for each in of_one)
                for of_one in origins.values()
            )
            for run_id, origins in found.items()
        }
        await self.write(texts, limits)

    async def write(self, texts: Mapping[str, bytes], limits: Tracing) -> None:
        """Put the spans of runs, as text, behind those that are kept. Raises StoreUnavailable."""
        await self.client.call(
            scripts.load("keep_spans"),
            [self.keys.trace(run_id) for run_id in texts],
            (limits.max_bytes_per_run, limits.keep_seconds * 1000, *texts.values()),
        )


@dataclass(frozen=True, slots=True)
class StoreOutlet:
    """Keeps batches. `send` is what an Outlet takes."""

    traces: Traces
    limits: Tracing

    async def send(self, batch: Sequence[Ended]) -> None:
        """Keep a batch; raises OutletError where Redis does not take it."""
        try:
            await self.traces.keep(batch, self.limits)
        except (StoreUnavailable, ResponseError) as error:
            raise OutletError(f"Redis keeps no spans: {type(error).__name__}") from error
