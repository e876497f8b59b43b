"""The half of the fake signal-cli that tells of envelopes: its streams and the container's webhook.

As forgetful as the real one: what is written to a stream is taken as received, and what comes while
nobody is connected is lost, unless `keeps` (`--receive-mode=on-connection`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

Object = dict[str, Any]

EPOCH_MS: Final = 1_700_000_000_000
KEEP_ALIVE_S: Final = 15.0


class Feed:
    """What one account is told. `told` counts what was written to anybody, `lost` holds the rest.

    `webhook` is the container's RECEIVE_WEBHOOK_URL, `posts` the answers to it.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.keeps = True
        self.keep_alive_s = KEEP_ALIVE_S
        self.webhook: str | None = None
        self.posts: list[int] = []
        self.lost: list[Object] = []
        self.told = 0
        self.connections = 0
        self.partings = 0
        self._kept: list[Object] = []
        self._streams: list[asyncio.Queue[Object | None]] = []
        self._changed = asyncio.Condition()
        self._clock = EPOCH_MS

    def tick(self) -> int:
        """Return a timestamp that no other message has."""
        self._clock += 1000
        return self._clock

    async def push(self, envelope: Object, **beside: Any) -> None:
        """Tell of an envelope; `beside` is what stands next to it, such as an `exception`."""
        event = {"account": self.account, "envelope": envelope, **beside}
        if self.webhook is not None:
            await self._post(self.webhook, event)
        for stream in self._streams:
            stream.put_nowait(event)
        if not self._streams:
            (self._kept if self.keeps else self.lost).append(event)

    async def connected(self, count: int = 1) -> None:
        """Wait until there were `count` connections in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.connections >= count)

    async def parted(self, count: int) -> None:
        """Wait until `count` connections in all were seen to have ended."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.partings >= count)

    async def written(self, count: int) -> None:
        """Wait until `count` events were written in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.told >= count)

    def hang_up(self) -> None:
        """Close every connection."""
        for stream in self._streams:
            stream.put_nowait(None)
        self._streams.clear()

    async def sse(self, request: web.Request) -> web.StreamResponse:
        """Answer the daemon's `GET /api/v1/events`."""
        if request.query.get("account", self.account) != self.account:
            return web.Response(status=400)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async for event in self._events():
            if event is None:
                await response.write(b":\n")
            else:
                await response.write(b"event:receive\ndata:" + orjson.dumps(event) + b"\n\n")
        return response

    async def ws(self, request: web.Request) -> web.StreamResponse:
        """Answer the container's `GET /v1/receive/{number}`."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        reading = asyncio.create_task(_until_closed(socket))
        writing = asyncio.create_task(self._write(socket))
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
            with suppress(ConnectionError):
                await socket.close()
        return socket

    async def _write(self, socket: web.WebSocketResponse) -> None:
        async for event in self._events():
            if event is not None:
                await socket.send_str(orjson.dumps(event).decode())

    async def _events(self) -> AsyncIterator[Object | None]:
        """Yield events, and None where a keep-alive is due."""
        async with self._stream() as stream:
            async with self._changed:
                self.connections += 1
                self._changed.notify_all()
            while True:
                try:
                    async with asyncio.timeout(self.keep_alive_s):
                        event = await stream.get()
                except TimeoutError:
                    yield None
                    continue
                if event is None:
                    return
                yield event
                async with self._changed:
                    self.told += 1
                    self._changed.notify_all()

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[asyncio.Queue[Object | None]]:
        stream: asyncio.Queue[Object | None] = asyncio.Queue()
        for event in self._kept:
            stream.put_nowait(event)
        self._kept = []
        self._streams.append(stream)
        try:
            yield stream
        finally:
            if stream in self._streams:
                self._streams.remove(stream)
            async with self._changed:
                self.partings += 1
                self._changed.notify_all()

    async def _post(self, url: str, event: Object) -> None:
        """Post once, as the container does, whatever the answer."""
        line = orjson.dumps({"jsonrpc": "2.0", "method": "receive", "params": event})
        headers = {"Content-Type": "application/json"}
        async with aiohttp.ClientSession() as http:
            try:
                async with http.post(url, data=line, headers=headers) as answer:
                    self.posts.append(answer.status)
            except aiohttp.ClientError:
                self.posts.append(0)


async def _until_closed(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass
