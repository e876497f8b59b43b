"""The two connections on which signal-cli tells of envelopes.

The daemon's is a stream of Server-Sent Events, `GET /api/v1/events` (signal-cli-jsonrpc(5)); the
container's a WebSocket, `GET /v1/receive/{number}` in its mode json-rpc. Neither asks for an
answer: what was written is taken as received.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

import aiohttp
from yarl import URL

from openclaw_channels.inbound import ReceiverFailure
from openclaw_channels.signal.settings import SignalSettings

READ_BUFFER: Final = 4096
"""Bytes that are read ahead. What is read ahead is lost with the process; signal-cli waits where it
cannot write, and what it has not received stays with Signal."""
_UNREACHABLE: Final = (aiohttp.ClientError, TimeoutError, OSError)
_REFUSALS: Final = {
    200: "The container does not stream; start it with MODE=json-rpc.",
    400: "signal-cli does not know the account; register or link channels.signal.account with it.",
    404: "There is no signal-cli; set channels.signal.transport right (kind and url).",
    421: "signal-cli refuses the name of its host; start it with --http=0.0.0.0:8080.",
}


class EventStream(Protocol):
    """An open connection."""

    async def next(self) -> list[bytes]:
        """Return the events that have come, at least one; raises ReceiverFailure at the end."""


class SseStream:
    """The daemon's events."""

    def __init__(self, content: aiohttp.StreamReader, settings: SignalSettings) -> None:
        self._content = content
        self._idle_s = settings.idle_timeout_seconds
        self._lines = SseLines(settings.max_event_bytes)

    async def next(self) -> list[bytes]:
        """Return the events that have come; keep-alives only count as signs of life."""
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    chunk = await self._content.readany()
            except TimeoutError:
                raise ReceiverFailure("signal-cli was silent for too long.") from None
            except (aiohttp.ClientError, OSError):
                raise ReceiverFailure("The connection to signal-cli broke.") from None
            if not chunk:
                raise ReceiverFailure("signal-cli closed the connection.")
            if events := self._lines.feed(chunk):
                return events


class SseLines:
    """Cuts a stream into the data of its events (WHATWG HTML, 9.2.6)."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the events that `chunk` completes; raises ReceiverFailure for one too large."""
        self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        events = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if not line and self._data:
                events.append(b"\n".join(self._data))
                self._data, self._size = [], 0
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(bytes(value.removeprefix(b" ")))
                self._size += len(value)
                self._check(self._size)
        self._check(self._size + len(self._rest))
        return events

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise ReceiverFailure(f"An event of signal-cli is over {self._max_bytes} bytes.")


class WsStream:
    """The container's events."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, settings: SignalSettings) -> None:
        self._socket = socket
        self._max_bytes = settings.max_event_bytes

    async def next(self) -> list[bytes]:
        """Return one event. That the container lives is seen by its answers to pings."""
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return [message.data.encode("utf-8", "surrogatepass")]
        if message.type is aiohttp.WSMsgType.BINARY:
            return [message.data]
        if self._socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
            raise ReceiverFailure(f"An event of signal-cli is over {self._max_bytes} bytes.")
        raise ReceiverFailure("The container closed the connection.")


@asynccontextmanager
async def open_sse(
    http: aiohttp.ClientSession, settings: SignalSettings
) -> AsyncIterator[EventStream]:
    """Open the daemon's stream; raises ReceiverFailure."""
    url = f"{settings.url}/api/v1/events?account={encoded_number(settings)}"
    try:
        response = await http.get(
            URL(url, encoded=True),
            headers={"Accept": "text/event-stream"},
            timeout=aiohttp.ClientTimeout(total=None, connect=settings.connect_timeout_ms / 1000),
            allow_redirects=False,
            read_bufsize=READ_BUFFER,
        )
    except _UNREACHABLE:
        raise ReceiverFailure("signal-cli cannot be reached.") from None
    try:
        if response.status != 200:
            raise refused(response.status)
        yield SseStream(response.content, settings)
    finally:
        response.close()


@asynccontextmanager
async def open_ws(
    http: aiohttp.ClientSession, settings: SignalSettings
) -> AsyncIterator[EventStream]:
    """Open the container's WebSocket; raises ReceiverFailure."""
    url = f"{settings.url}/v1/receive/{encoded_number(settings)}"
    try:
        async with asyncio.timeout(settings.connect_timeout_ms / 1000):
            socket = await http.ws_connect(
                URL(url, encoded=True),
                heartbeat=settings.idle_timeout_seconds / 2,
                max_msg_size=settings.max_event_bytes,
            )
    except aiohttp.WSServerHandshakeError as answer:
        failure = refused(answer.status)
    except _UNREACHABLE:
        failure = ReceiverFailure("The container of signal-cli cannot be reached.")
    else:
        try:
            yield WsStream(socket, settings)
        finally:
            await socket.close()
        return
    raise failure


async def drain(stream: EventStream) -> list[bytes]:
    """Return the events that are here already, without waiting for more."""
    events: list[bytes] = []
    try:
        async with asyncio.timeout(0):
            while True:
                events += await stream.next()
    except (TimeoutError, ReceiverFailure):
        return events


def encoded_number(settings: SignalSettings) -> str:
    """Return the account's number as a part of a URL."""
    return settings.account.replace("+", "%2B")


def refused(status: int) -> ReceiverFailure:
    """Return what a status other than that of an open connection means."""
    why = _REFUSALS.get(status)
    if why is None:
        return ReceiverFailure(f"signal-cli answered with HTTP status {status}.")
    return ReceiverFailure(why, permanent=True)
