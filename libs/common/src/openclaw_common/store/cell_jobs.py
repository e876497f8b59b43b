"""Runs and deliveries of several cells: an id is asked about in the cell that it carries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.contracts.delivery_history import DeliveryHistory
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.cells import Cells
from openclaw_common.store.dead_letters import DeadLetter, DeadLetterFilter, DeadLetters
from openclaw_common.store.deliveries import (
    Deliveries,
    DeliveryFilter,
    DeliveryRecord,
    DeliveryTrace,
    ReplayOutcome,
)
from openclaw_common.store.keys import RUN
from openclaw_common.store.pages import Page, Place
from openclaw_common.store.responses import ResponseFacts, Responses
from openclaw_common.store.run_deliveries import RunDeliveries
from openclaw_common.store.run_lists import RunFilter, RunLists, merge
from openclaw_common.store.run_stream import RunStreams
from openclaw_common.store.runs import CancelOutcome, RunRecord, Runs
from openclaw_common.store.store import Store

T = TypeVar("T")


async def each(
    cells: Cells, ids: Sequence[str], read: Callable[[Store, list[str]], Awaitable[Sequence[T]]]
) -> list[T]:
    """Return what `read` answers for ids, in their order, asking all their cells at once."""
    groups = cells.by_cell(ids)
    answers = await asyncio.gather(
        *(read(cells.stores[number], group) for number, group in groups.items())
    )
    found = {
        record_id: answer
        for group, answered in zip(groups.values(), answers, strict=True)
        for record_id, answer in zip(group, answered, strict=True)
    }
    return [found[record_id] for record_id in ids]


async def merged(
    cells: Cells, limit: int, newer: bool, read: Callable[[Store], Awaitable[Page]]
) -> Page:
    """Return one page of the lists of all cells; without one of them there is none."""
    pages = await asyncio.gather(*map(read, cells.stores))
    return merge(pages, limit, newer=newer)


@dataclass(frozen=True, slots=True)
class CellRuns(Runs):
    """The runs of all cells."""

    cells: Cells

    async def get_all(self, run_ids: Sequence[str]) -> list[RunRecord | None]:
        """See Runs."""
        return await each(self.cells, run_ids, lambda store, ids: store.runs.get_all(ids))

    async def cancel(self, run_id: str, reason: str = "user") -> CancelOutcome:
        """See Runs."""
        return await self.cells.of(run_id).runs.cancel(run_id, reason)

    async def attach_reader(self, run_id: str) -> None:
        """See Runs."""
        await self.cells.of(run_id).runs.attach_reader(run_id)

    async def detach_reader(self, run_id: str) -> None:
        """See Runs."""
        await self.cells.of(run_id).runs.detach_reader(run_id)


@dataclass(frozen=True, slots=True)
class CellStreams(RunStreams):
    """The event streams of all cells."""

    cells: Cells

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[RunEvent]:
        """See RunStreams."""
        store = self.cells.of(run_id)
        streams = store.streams if self.kind == RUN else store.delivery_streams
        return await streams.read(run_id, after, limit)


@dataclass(frozen=True, slots=True)
class CellResponses(Responses):
    """The responses of all cells."""

    cells: Cells

    async def get(self, run_id: str) -> ResponseFacts | None:
        """See Responses."""
        return await self.cells.of(run_id).responses.get(run_id)

    async def items(self, run_id: str) -> list[dict[str, Any]]:
        """See Responses."""
        return await self.cells.of(run_id).responses.items(run_id)

    async def forget(self, run_id: str) -> None:
        """See Responses."""
        await self.cells.of(run_id).responses.forget(run_id)


@dataclass(frozen=True, slots=True)
class CellRunLists(RunLists):
    """The lists of the runs of all cells."""

    cells: Cells

    async def page(
        self, wanted: RunFilter, limit: int, *, place: Place | None = None, newer: bool = False
    ) -> Page:
        """See RunLists; the runs of one session are all in one cell."""
        if wanted.session_key is not None:
            lists = (await self.cells.at(wanted.session_key)).run_lists
            return await lists.page(wanted, limit, place=place, newer=newer)
        return await merged(
            self.cells,
            limit,
            newer,
            lambda store: store.run_lists.page(wanted, limit, place=place, newer=newer),
        )

    async def place_of(self, run_id: str) -> Place | None:
        """See RunLists."""
        return await self.cells.of(run_id).run_lists.place_of(run_id)


@dataclass(frozen=True, slots=True)
class CellDeliveries(Deliveries):
    """The deliveries of all cells."""

    cells: Cells

    async def get_all(self, delivery_ids: Sequence[str]) -> list[DeliveryRecord | None]:
        """See Deliveries."""
        return await each(
            self.cells, delivery_ids, lambda store, ids: store.deliveries.get_all(ids)
        )

    async def trace(self, delivery_id: str) -> DeliveryTrace:
        """See Deliveries."""
        return await self.cells.of(delivery_id).deliveries.trace(delivery_id)

    async def history(self, delivery_id: str) -> DeliveryHistory:
        """See Deliveries."""
        return await self.cells.of(delivery_id).deliveries.history(delivery_id)

    async def page(
        self,
        wanted: DeliveryFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> Page:
        """See Deliveries."""
        return await merged(
            self.cells,
            limit,
            newer,
            lambda store: store.deliveries.page(wanted, limit, place=place, newer=newer),
        )

    async def place_of(self, delivery_id: str, run_id: str | None = None) -> Place | None:
        """See Deliveries."""
        return await self.cells.of(delivery_id).deliveries.place_of(delivery_id, run_id)

    async def cancel(self, delivery_id: str, reason: str = "user") -> CancelOutcome:
        """See Deliveries."""
        return await self.cells.of(delivery_id).deliveries.cancel(delivery_id, reason)

    async def replay(self, delivery_id: str, arq_job: bytes, mark: str) -> ReplayOutcome:
        """See Deliveries."""
        return await self.cells.of(delivery_id).deliveries.replay(delivery_id, arq_job, mark)


@dataclass(frozen=True, slots=True)
class CellRunDeliveries(RunDeliveries):
    """The deliveries that runs caused, in whichever cells they are."""

    cells: Cells

    async def of_runs(self, run_ids: Sequence[str]) -> list[list[tuple[str, DeliveryStatus]]]:
        """See RunDeliveries. One in a cell that cannot be reached counts as pending."""
        ids = await each(
            self.cells, run_ids, lambda store, runs: store.run_deliveries.ids_of_runs(runs)
        )
        wanted = list(dict.fromkeys(known for of_run in ids for known in of_run))
        statuses = dict(zip(wanted, await each(self.cells, wanted, self._statuses), strict=True))
        found = []
        for of_run in ids:
            states = [(known, statuses[known]) for known in of_run]
            found.append([(known, status) for known, status in states if status is not None])
        return found

    async def _statuses(self, store: Store, ids: list[str]) -> Sequence[DeliveryStatus | None]:
        try:
            return await store.run_deliveries.statuses(ids)
        except StoreUnavailable:
            return [DeliveryStatus.PENDING] * len(ids)


@dataclass(frozen=True, slots=True)
class CellDeadLetters(DeadLetters):
    """The dead letters of one kind of job in all cells."""

    cells: Cells

    async def page(
        self,
        wanted: DeadLetterFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> Page:
        """See DeadLetters."""
        return await merged(
            self.cells,
            limit,
            newer,
            lambda store: self._of(store).page(wanted, limit, place=place, newer=newer),
        )

    async def place_of(self, record_id: str) -> Place | None:
        """See DeadLetters."""
        return await self._of(self.cells.of(record_id)).place_of(record_id)

    async def get_all(self, places: Sequence[Place]) -> list[DeadLetter]:
        """See DeadLetters."""
        by_cell: dict[int, list[Place]] = {}
        for place in places:
            by_cell.setdefault(self.cells.of(place.id).cell, []).append(place)
        found = await asyncio.gather(
            *(self._of(self.cells.stores[cell]).get_all(some) for cell, some in by_cell.items())
        )
        letters = {letter.id: letter for some in found for letter in some}
        return [letters[place.id] for place in places if place.id in letters]

    async def forget(self, record_id: str) -> bool:
        """See DeadLetters."""
        return await self._of(self.cells.of(record_id)).forget(record_id)

    def _of(self, store: Store) -> DeadLetters:
        return store.jobs_of(self.scripts.kind).dead_letters
