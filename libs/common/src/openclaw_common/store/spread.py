"""How the stores of a process know that lanes are spread over several cells."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.connections import Arg
from openclaw_common.store.placement import Placement

logger: Final = logging.getLogger(__name__)

SETTLED: Final = 65_536
"""Sessions of which a process remembers that no earlier cell has anything of them."""


class Spread:
    """Where lanes are now, as this process knows it; `cells` is the number of those it can reach.

    More cells may come into use while it runs: whichever cell is asked says so.
    """

    def __init__(self, placement: Placement, cells: int) -> None:
        self.placement = placement
        self._cells = cells
        self._settled: dict[str, None] = {}

    def owners(self, session_key: str) -> tuple[int, ...]:
        """Return the cell of a session, or behind it earlier ones that may have it instead."""
        owners = self.placement.of_session(session_key)
        return owners[:1] if session_key in self._settled else owners

    def settle(self, session_key: str) -> None:
        """Note that no earlier cell has anything of a session, and so none ever will again."""
        if len(self._settled) >= SETTLED:
            del self._settled[next(iter(self._settled))]
        self._settled[session_key] = None

    def cell_of_session(self, session_key: str) -> str:
        """Return the name of a session's cell, behind `~` while it may be an earlier one's."""
        newest, *earlier = self.owners(session_key)
        return f"{'~' if earlier else ''}c{newest}"

    def check(self, session_key: str, cell: int) -> tuple[Arg, ...]:
        """Return what a step takes that begins something for a session in `cell`."""
        placement = self.placement
        only_if_held = placement.of_session(session_key)[0] != cell
        return (session_key, placement.in_use, int(only_if_held))

    def unchecked(self) -> tuple[Arg, ...]:
        """Return what such a step takes for what is no session's."""
        return ("", self.placement.in_use, 0)

    def heard(self, in_use: int) -> None:
        """Note over how many cells lanes are spread. Raises StoreUnavailable for unknown ones."""
        if in_use > self._cells:
            logger.error("cells.unknown", extra={"in_use": in_use, "known": self._cells})
            raise StoreUnavailable
        if in_use > self.placement.in_use:
            logger.info("cells.added", extra={"in_use": in_use})
            self.placement = replace(self.placement, in_use=in_use)
            self._settled.clear()

    def refused(self, reply: Any) -> None:
        """Raise StoreUnavailable for an answer of `_cells`: look for the session anew."""
        if isinstance(reply, list) and reply[0] == b"cells":
            self.heard(int(reply[1]))
            raise StoreUnavailable
        if isinstance(reply, list) and reply[0] == b"moved":
            raise StoreUnavailable
