"""Which store serves a lane or an id, where there are several cells.

`Cells` is the one place where a request is led to a cell; the classes of `cell_jobs`,
`cell_sessions`, `cell_schedule` and `cell_accounts` stand in for those of one store and ask it. A
session whose owner changed when a cell was added stays where something of it is: that is asked of
the earlier owners, once a session and process, and never where lanes cannot have moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import cell_of
from openclaw_common.store.spread import Spread

if TYPE_CHECKING:
    from openclaw_common.store.store import Store

STATE_S: Final = 0.8
"""How long a cell may take to say that it is there, in seconds."""

T = TypeVar("T")


async def answers_of(asked: Iterable[Awaitable[T]]) -> list[T]:
    """Return what those cells answer that can be reached, in their order.

    Raises StoreUnavailable when none can, and whatever else one raises, once all have answered.
    """
    answers: list[T] = []
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(answer, BaseException):
            if not isinstance(answer, StoreUnavailable):
                raise answer
        else:
            answers.append(answer)
    if not answers:
        raise StoreUnavailable
    return answers


@dataclass(frozen=True, slots=True)
class Cells:
    """The stores of all cells, by their numbers; of those `served` this process takes jobs."""

    stores: tuple[Store, ...]
    spread: Spread
    served: tuple[Store, ...]

    def of(self, record_id: str) -> Store:
        """Return the store of a run or a delivery; one of an unknown cell is nowhere."""
        number = cell_of(record_id)
        return self.stores[number if number < len(self.stores) else 0]

    def to(self, lane: str) -> Store:
        """Return the store of a destination's lane."""
        return self.stores[self.spread.placement.of_destination(lane)]

    def named(self, name: str) -> Store:
        """Return the store of what never moves: an account, a cron job, a request's key."""
        return self.stores[self.spread.placement.of_name(name)]

    def order_of(self, name: str) -> list[Store]:
        """Return all stores in the order in which they stand in for one another for a name."""
        return [self.stores[number] for number in self.spread.placement.order_of(name)]

    async def at(self, session_key: str) -> Store:
        """Return the store of a session. Raises StoreUnavailable.

        An earlier owner that cannot be reached may have the session, so nobody else serves it.
        """
        newest, *earlier = self.spread.owners(session_key)
        if not earlier:
            return self.stores[newest]
        held = await asyncio.gather(*(self._holds(number, session_key) for number in earlier))
        for number, holds in zip(reversed(earlier), reversed(held), strict=True):
            if holds:
                return self.stores[number]
        self.spread.settle(session_key)
        return self.stores[newest]

    async def _holds(self, number: int, session_key: str) -> bool:
        in_use = self.spread.placement.in_use
        reply = await self.stores[number].scripts.call("holds", (session_key, in_use))
        if int(reply[0]) > in_use:
            self.spread.heard(int(reply[0]))
            raise StoreUnavailable
        return bool(reply[1])

    def by_cell(self, record_ids: Sequence[str]) -> dict[int, list[str]]:
        """Return ids by the number of their cell, in their order."""
        found: dict[int, list[str]] = {}
        for record_id in record_ids:
            found.setdefault(self.of(record_id).cell, []).append(record_id)
        return found
