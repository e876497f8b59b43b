"""A TCP proxy that does to a link what networks do: holds, loses, cuts or delays bytes.

async with Proxy(port) as proxy:
    proxy.hold()        # bytes wait, and arrive late once `heal` is called
    proxy.lose()        # bytes are gone, nobody is told
    proxy.reset()       # every connection is reset; new ones are accepted
    proxy.delay_s = 0.2
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Self

CHUNK = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a free port of 127.0.0.1 and relays to `target_port`; use as a context manager."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        self.bytes_per_read = CHUNK
        self._target_port = target_port
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._losing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.heal()
        for writer in list(self._writers):
            writer.close()
        for relay in list(self._relays):
            relay.cancel()
        if self._relays:
            await asyncio.wait(self._relays)
        await self._server.wait_closed()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._writers) // 2

    def hold(self) -> None:
        """Let no byte through until `heal`; then all of them arrive."""
        self._flowing.clear()

    def lose(self) -> None:
        """Swallow every byte, and connections made meanwhile, until `heal`."""
        self._losing = True

    def heal(self) -> None:
        """Let bytes flow again at once; connections that lost some are reset."""
        if self._losing:
            self._losing = False
            self.reset()
        self.delay_s = 0.0
        self.bytes_per_read = CHUNK
        self._flowing.set()

    def reset(self) -> None:
        """Reset every connection, in both directions."""
        for writer in list(self._writers):
            sock = writer.get_extra_info("socket")
            if sock is None:
                # Its end is under way already.
                continue
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        relays = {
            asyncio.create_task(self._relay(reader, far_writer)),
            asyncio.create_task(self._relay(far_reader, writer)),
        }
        self._relays |= relays
        try:
            await asyncio.wait(relays)
        finally:
            self._relays -= relays
            self._writers -= {writer, far_writer}
            for one in (writer, far_writer):
                one.close()

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(self.bytes_per_read):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flowing.wait()
                if not self._losing:
                    sink.write(data)
                    await sink.drain()
        sink.close()
