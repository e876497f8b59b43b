"""What several cells hold of accounts of channels, of runs that are shown, and of traces."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.store.account_rest import AccountRest, Gate
from openclaw_common.store.cells import Cells
from openclaw_common.store.live import Adopted, Live
from openclaw_common.store.pacing import Pacing, Rate, Turn
from openclaw_common.store.traces import Traces


@dataclass(frozen=True, slots=True)
class CellPacing(Pacing):
    """The rates of all accounts, each in the cell of what the account sends."""

    cells: Cells

    async def take(
        self, delivery_id: str, destination: Destination, rates: Sequence[Rate], hold_ms: float
    ) -> Turn:
        """See Pacing."""
        pacing = self.cells.to(destination.lane).pacing
        return await pacing.take(delivery_id, destination, rates, hold_ms)

    async def spare(
        self, destination: Destination, taken: Sequence[Rate], seen: Sequence[Rate] = ()
    ) -> bool:
        """See Pacing."""
        return await self.cells.to(destination.lane).pacing.spare(destination, taken, seen)

    async def freeze(
        self, destination: Destination, seconds: float, *, whole_account: bool
    ) -> None:
        """See Pacing."""
        pacing = self.cells.to(destination.lane).pacing
        await pacing.freeze(destination, seconds, whole_account=whole_account)


@dataclass(frozen=True, slots=True)
class CellAccountRest(AccountRest):
    """Where accounts rest, each in its cell."""

    cells: Cells

    async def gate(self, account: str, delivery_id: str, probe_s: float) -> Gate:
        """See AccountRest."""
        return await self.cells.named(account).account_rest.gate(account, delivery_id, probe_s)

    async def rests(self, account: str) -> bool:
        """See AccountRest."""
        return await self.cells.named(account).account_rest.rests(account)

    async def put(self, account: str, error: ErrorBody, seconds: float) -> None:
        """See AccountRest."""
        await self.cells.named(account).account_rest.put(account, error, seconds)

    async def end(self, account: str) -> None:
        """See AccountRest."""
        await self.cells.named(account).account_rest.end(account)


@dataclass(frozen=True, slots=True)
class CellLive(Live):
    """The previews that deliveries take over from runs of all cells."""

    cells: Cells

    async def adopt(self, run_id: str, delivery_id: str, destination: Destination) -> Adopted:
        """See Live."""
        return await self.cells.of(run_id).live.adopt(run_id, delivery_id, destination)


@dataclass(frozen=True, slots=True)
class CellTraces(Traces):
    """The kept spans of the runs of all cells."""

    cells: Cells

    async def read(self, run_id: str) -> bytes:
        """See Traces."""
        return await self.cells.of(run_id).traces.read(run_id)

    async def write(self, texts: Mapping[str, bytes], limits: Tracing) -> None:
        """See Traces."""
        groups = self.cells.by_cell(list(texts))
        await asyncio.gather(
            *(
                self.cells.stores[cell].traces.write({run: texts[run] for run in runs}, limits)
                for cell, runs in groups.items()
            )
        )
