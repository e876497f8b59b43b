"""An answer's head, bounded in how often it is announced.

aiohttp takes any number of informational answers (1xx) before the final one and queues them as
fast as they come: a host that sends nothing else took 80 MB within 5 s and held the event loop up
for 0.9 s (aiohttp 3.14.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import ClientPayloadError, ClientResponse

if TYPE_CHECKING:
    from aiohttp.connector import Connection

MAX_MESSAGES: Final = 10
"""Messages of one answer: informational ones and the final one."""


class BoundedResponse(ClientResponse):
    """A response that gives up when MAX_MESSAGES were not the final one."""

    async def start(self, connection: Connection) -> ClientResponse:
        """Read the head; raises ClientPayloadError past the limit."""
        protocol = connection.protocol
        if protocol is None:
            raise ClientPayloadError("the connection is gone")
        read, left = protocol.read, MAX_MESSAGES

        async def bounded_read() -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise ClientPayloadError("the host announces its answer too often")
            return await read()

        # There is no hook for it: aiohttp's loop over these messages calls only this.
        protocol.read = bounded_read  # type: ignore[method-assign]
        return await super().start(connection)
