"""That the URLs of cells stand in their order: a cell is its place, and nothing else tells it.

A process whose list has two URLs the other way round would find both servers empty of what it looks
for, and begin sessions, keys and idempotency records anew beside those that there are. So each
database remembers which cells are in it, and a process asks at its start those that answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.store.keys import CELLS_HERE
from openclaw_common.store.store import Store

_REORDER: Final = "put the URLs into the order that all other processes have, new ones at the end"
_ASK_ALL: Final = "if it is a new cell, start again when all cells answer"


async def check_places(stores: Sequence[Store]) -> None:
    """Note which cell is in which database, by the stores of all cells in their order.

    Cells that cannot be reached are left out. Raises ConfigError for a place at which another cell
    is, and for a cell that may be new or misplaced while some cannot be asked.
    """
    new, misplaced = await _look(stores)
    if misplaced is not None:
        # Somebody else may just have been noting those of a database one after another.
        new, misplaced = await _look(stores)
    if misplaced is not None:
        raise ConfigError(misplaced)
    for cell in new:
        await _note(stores[cell], cell)


async def _look(stores: Sequence[Store]) -> tuple[list[int], str | None]:
    """Return the cells that are not noted yet, and what is wrong."""
    answers = await asyncio.gather(*map(_found_by, stores))
    found = {cell: cells for cell, cells in enumerate(answers) if cells is not None}
    everywhere: set[int] = set().union(*found.values())
    new = [cell for cell, cells in found.items() if cell not in cells]
    whole = len(found) == len(stores)
    for cell in new:
        here = found[cell]
        if cell in everywhere or (here and cell < max(here)):
            return new, _misplaced(cell, here, _REORDER)
        if here and not whole:
            return new, _misplaced(cell, here, _ASK_ALL)
    return new, None


async def _found_by(store: Store) -> set[int] | None:
    try:
        return {int(cell) for cell in await store.client.execute("SMEMBERS", CELLS_HERE)}
    except StoreUnavailable:
        return None


async def _note(store: Store, cell: int) -> None:
    try:
        await store.client.execute("SADD", CELLS_HERE, cell)
    except StoreUnavailable:
        # It is asked again by whoever starts next.
        return


def _misplaced(cell: int, here: set[int], remedy: str) -> str:
    held = ", ".join(map(str, sorted(here)))
    what = (
        f"holds the cells {held}, but not {cell}" if here else f"is empty, and {cell} is elsewhere"
    )
    return f"redis.urls[{cell}]: that database {what}; {remedy} (docs/cells.md)"
