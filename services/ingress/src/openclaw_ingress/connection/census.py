"""How many connections and requests are open, in all and per client."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable


class ConnectionCensus:
    """Admits connections up to two limits; those `counts_alone` is false for have only the first.

    A trusted proxy speaks for many clients, so it is not held to the limit of one.
    """

    def __init__(
        self, *, max_connections: int, max_per_client: int, counts_alone: Callable[[str], bool]
    ) -> None:
        self._max_connections = max_connections
        self._max_per_client = max_per_client
        self._counts_alone = counts_alone
        self._connections = 0
        self._per_client: Counter[str] = Counter()
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def connections(self) -> int:
        """Open connections."""
        return self._connections

    @property
    def requests(self) -> int:
        """Requests whose answer is not finished."""
        return self._requests

    def admit(self, client: str) -> bool:
        """Count a new connection, or say no; what was admitted must `leave`."""
        if self._connections >= self._max_connections:
            return False
        if self._per_client[client] >= self._max_per_client and self._counts_alone(client):
            return False
        self._connections += 1
        self._per_client[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Forget a connection that was admitted."""
        self._connections -= 1
        self._per_client[client] -= 1
        if self._per_client[client] <= 0:
            del self._per_client[client]

    def begin_request(self) -> None:
        """Count a request; must be followed by `end_request`."""
        self._requests += 1
        self._idle.clear()

    def end_request(self) -> None:
        """Forget a request."""
        self._requests -= 1
        if self._requests == 0:
            self._idle.set()

    async def wait_idle(self) -> None:
        """Return once no request is open."""
        await self._idle.wait()
