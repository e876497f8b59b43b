"""One pair of eyes on several cells: commands of a plain client, each to the cell that has the key.

Tests spell keys as those of the first cell. A key with a run's or delivery's id leads to the cell
that the id carries, one of a session to the session's; any other is looked at in all cells.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

import redis.asyncio

from openclaw_common.contracts.ids import cell_of
from openclaw_common.store.placement import Placement

_ID = re.compile(r"(?:run|dlv)_[0-9a-f]{8}-[0-9a-f-]{27}")
_SESSION = re.compile(r":(?:transcript|session|run:lane|system-events|run:by:session):(.+)")


class CellEyes:
    """An async context manager; `clients` are those of the cells in their order."""

    def __init__(self, clients: Sequence[redis.asyncio.Redis], placement: Placement) -> None:
        self._clients = clients
        self._placement = placement

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()

    def __getattr__(self, command: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*args: Any, **options: Any) -> Any:
            key = args[0] if args and command not in ("config_set", "keys") else None
            cell = None if key is None else self._cell_of(_text(key))
            if cell is not None:
                placed = _text(key).replace("{c0}", f"{{c{cell}}}")
                return await getattr(self._clients[cell], command)(placed, *args[1:], **options)
            answers = await asyncio.gather(
                *(self._in_cell(number, command, args, options) for number in range(self._count))
            )
            return _together(answers)

        return ask

    async def scan_iter(self, match: str = "*", **options: Any) -> Any:
        """The keys of all cells."""
        for number, client in enumerate(self._clients):
            placed = match.replace("{c0}", f"{{c{number}}}")
            async for key in client.scan_iter(match=placed, **options):
                yield key

    @property
    def _count(self) -> int:
        return len(self._clients)

    async def _in_cell(self, number: int, command: str, args: Any, options: Any) -> Any:
        placed = [
            arg.replace("{c0}", f"{{c{number}}}") if isinstance(arg, str) else arg for arg in args
        ]
        return await getattr(self._clients[number], command)(*placed, **options)

    def _cell_of(self, key: str) -> int | None:
        if found := _ID.search(key):
            return cell_of(found[0])
        if found := _SESSION.search(key):
            return self._placement.of_session(found[1])[0]
        return None


def _text(key: str | bytes) -> str:
    return key.decode() if isinstance(key, bytes) else key


def _together(answers: Sequence[Any]) -> Any:
    if all(isinstance(answer, list) for answer in answers):
        return [item for answer in answers for item in answer]
    if all(isinstance(answer, set) for answer in answers):
        return set().union(*answers)
    if all(isinstance(answer, int) for answer in answers):
        return sum(answers)
    return next((answer for answer in answers if answer is not None), None)
