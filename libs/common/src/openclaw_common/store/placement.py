"""Which cell a lane belongs to, by rendezvous hashing of its key; a cell is known by its number.

The list of cells only grows at its end, so its beginnings are the sets of cells that there have
been. A lane has had one owner under each of them, and an addition gives it either the owner it had
or the new cell: the owners that it can have had are the cells that beat all before them. There are
two of them on average with four cells, three with eleven. A lane that still has something in the
earliest of them stays there; `cells` says how that is asked.

Rendezvous hashing: Thaler and Ravishankar, Using name-based mappings to increase hit rates (1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from openclaw_common.contracts.delivery import WEBHOOK
from openclaw_common.contracts.tenants import tenant_of


@dataclass(frozen=True, slots=True)
class Placement:
    """Lanes over the first `in_use` cells, of which the fleet began with the first `founding`."""

    founding: int = 1
    in_use: int = 1

    def of_session(self, session_key: str) -> tuple[int, ...]:
        """Return the owner of a session's lane, and behind it those it can have had, newest first.

        The sessions of a tenant are all in one cell, so that its limits and its turns hold there.
        """
        tenant = tenant_of(session_key)
        return self._owners(f"tenant:{tenant}" if tenant else session_key)

    def of_destination(self, lane: str) -> int:
        """Return the cell of a destination's lane.

        The rates of a platform hold for an account, so all that an account sends is in one cell.
        """
        channel, account, *_ = lane.split(":", 2)
        return self.of_name(lane if channel == WEBHOOK else f"{channel}:{account}")

    def of_name(self, name: str) -> int:
        """Return the founding cell of what never moves: an account, a cron job, a request's key."""
        return self._owners(name, self.founding)[0]

    def order_of(self, name: str) -> list[int]:
        """Return all cells in the order in which they stand in for one another for a name."""
        return sorted(range(self.in_use), key=lambda cell: _weight(name, cell), reverse=True)

    def _owners(self, key: str, cells: int | None = None) -> tuple[int, ...]:
        if cells is None:
            cells = self.in_use
        if cells == 1:
            return (0,)
        weights = [_weight(key, cell) for cell in range(cells)]
        owners = [max(range(min(self.founding, cells)), key=weights.__getitem__)]
        for cell in range(self.founding, cells):
            if weights[cell] > weights[owners[-1]]:
                owners.append(cell)
        return tuple(reversed(owners))


def _weight(key: str, cell: int) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=b"%d" % cell).digest()
