"""The gateway of a fake Discord: HELLO, IDENTIFY, READY, HEARTBEAT, RESUME, zlib-stream.

https://docs.discord.com/developers/events/gateway.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
MESSAGE_CONTENT: Final = 1 << 15
_HEARTBEAT_MS: Final = 41_250


@dataclass
class Session:
    """What one IDENTIFY began: its `events` so far, numbered from 1, and its socket while held."""

    id: str
    intents: int
    events: list[dict[str, Any]] = field(default_factory=list)
    socket: Socket | None = None


class Socket:
    """One connection; `compress` as the client asked."""

    def __init__(self, ws: web.WebSocketResponse, *, compress: bool) -> None:
        self.ws = ws
        self._deflate = zlib.compressobj() if compress else None

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame, unless the client is gone."""
        text = orjson.dumps(frame)
        try:
            if self._deflate is None:
                await self.ws.send_str(text.decode())
            else:
                data = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.ws.send_bytes(data)
        except ConnectionError:
            return


class FakeGateway:
    """`ready` makes the dispatches that follow IDENTIFY; `url` is where it is.

    `content_allowed` is the switch in the developer portal; `identified` counts new sessions and
    `resumed` those that went on.
    """

    def __init__(
        self,
        token: Callable[[], str],
        url: Callable[[], str],
        ready: Callable[[], list[tuple[str, dict[str, Any]]]],
    ) -> None:
        self._token = token
        self._url = url
        self._ready = ready
        self.content_allowed = True
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self.changed = asyncio.Condition()

    async def connected(self, sessions: int = 1) -> None:
        """Wait until so many sessions were begun and one of them has a socket."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.identified >= sessions and any(self._held()))

    async def resumptions(self, count: int) -> None:
        """Wait until sessions were resumed so many times."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.resumed >= count)

    async def disconnected(self) -> None:
        """Wait until nobody is connected."""
        async with self.changed:
            await self.changed.wait_for(lambda: not any(self._held()))

    async def drop(self, code: int = 4000, *, forget: bool = False) -> None:
        """Close every connection; `forget` the sessions too, so that none can be resumed."""
        held = self._held()
        if forget:
            self.sessions.clear()
        for session in held:
            socket, session.socket = session.socket, None
            if socket is not None:
                await socket.ws.close(code=code)

    async def ask_to_reconnect(self) -> None:
        """Send op 7 to every connection."""
        for session in self._held():
            if session.socket is not None:
                await session.socket.send({"op": RECONNECT, "d": None})

    async def dispatch(self, name: str, data: dict[str, Any]) -> None:
        """Tell all sessions of something, those too that are not connected at the moment."""
        for session in self.sessions.values():
            await self._tell(session, name, data)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = Socket(ws, compress=request.query.get("compress") == "zlib-stream")
        await socket.send({"op": HELLO, "d": {"heartbeat_interval": _HEARTBEAT_MS}})
        session: Session | None = None
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            frame = orjson.loads(message.data)
            if frame["op"] == HEARTBEAT:
                await socket.send({"op": ACK})
            elif frame["op"] == IDENTIFY:
                session = await self._identify(socket, frame["d"])
            elif frame["op"] == RESUME:
                session = await self._resume(socket, frame["d"])
        if session is not None and session.socket is socket:
            session.socket = None
            if ws.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY):
                self.sessions.pop(session.id, None)
        async with self.changed:
            self.changed.notify_all()
        return ws

    async def _identify(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        if data["token"] != self._token():
            await socket.ws.close(code=4004, message=b"Authentication failed.")
            return None
        if data["intents"] & MESSAGE_CONTENT and not self.content_allowed:
            await socket.ws.close(code=4014, message=b"Disallowed intent(s).")
            return None
        self.identified += 1
        session = Session(f"session-{self.identified}", data["intents"], socket=socket)
        self.sessions[session.id] = session
        for name, told in self._ready():
            if name == "READY":
                told = {**told, "session_id": session.id, "resume_gateway_url": self._url()}
            await self._tell(session, name, told)
        async with self.changed:
            self.changed.notify_all()
        return session

    async def _resume(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None or data["token"] != self._token():
            await socket.send({"op": INVALID, "d": False})
            return None
        session.socket = socket
        for frame in session.events[data["seq"] :]:
            await socket.send(frame)
        await self._tell(session, "RESUMED", {})
        self.resumed += 1
        async with self.changed:
            self.changed.notify_all()
        return session

    async def _tell(self, session: Session, name: str, data: dict[str, Any]) -> None:
        if not session.intents & MESSAGE_CONTENT and name == "MESSAGE_CREATE":
            data = _without_content(data)
        frame = {"op": DISPATCH, "t": name, "s": len(session.events) + 1, "d": data}
        session.events.append(frame)
        if session.socket is not None:
            await session.socket.send(frame)

    def _held(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.socket is not None]


def _without_content(message: dict[str, Any]) -> dict[str, Any]:
    """What is told of a server's message that does not mention the bot."""
    if "guild_id" not in message or message.get("mentions"):
        return message
    return {**message, "content": "", "attachments": [], "embeds": [], "components": []}
