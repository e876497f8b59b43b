"""How a fake Slack tells an app of what happens: posts with retries, or sockets.

https://docs.slack.dev/apis/events-api#retries and …/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp import WSMsgType, web

SIGNING_SECRET: Final = "slack-signing-secret"
ANSWER_SECONDS: Final = 3.0
MOST_SOCKETS: Final = 10
FORM: Final = "application/x-www-form-urlencoded"


def signed(body: bytes, kind: str, at_s: float | None = None) -> dict[str, str]:
    """Return the headers of a post."""
    timestamp = str(int(time.time() if at_s is None else at_s))
    base = b"v0:" + timestamp.encode() + b":" + body
    mac = hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={mac}",
        "Content-Type": kind,
    }


@dataclass(frozen=True)
class Told:
    """One post: its number among those of the event from 0, and what it was answered (0: none)."""

    event: Mapping[str, Any]
    retry: int
    status: int
    answer: bytes


class Posts:
    """Posts to `url`; an event that is not answered 2xx in time is posted again.

    `told` are all posts; `pauses_s` stand before the retries, of which Slack has three.
    """

    def __init__(self) -> None:
        self.url: str | None = None
        self.pauses_s: tuple[float, ...] = (0.0, 0.2, 0.5)
        self.told: list[Told] = []
        self._queues: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def event(self, outer: dict[str, Any], lane: str) -> None:
        """Post an event, behind the earlier ones of its conversation."""
        if lane not in self._queues:
            self._queues[lane] = asyncio.Queue()
            self._tasks.append(asyncio.ensure_future(self._post_all(self._queues[lane])))
        self._queues[lane].put_nowait(outer)

    async def settled(self) -> None:
        """Wait until every event was posted."""
        for queue in self._queues.values():
            await queue.join()

    async def form(self, fields: Mapping[str, str], url: str | None = None) -> tuple[int, bytes]:
        """Post a command or an interaction, which Slack posts once."""
        return await self.post(urlencode(fields).encode(), FORM, url=url)

    async def post(
        self,
        body: bytes,
        kind: str = "application/json",
        more: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> tuple[int, bytes]:
        """Post once; returns the status, 0 where none came, and the body."""
        headers = {**signed(body, kind), **(more or {})}
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                aiohttp.ClientSession() as http,
                http.post(url or str(self.url), data=body, headers=headers) as answer,
            ):
                return answer.status, await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError):
            return 0, b""

    async def close(self) -> None:
        """Post nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _post_all(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            outer = await queue.get()
            await self._until_taken(outer)
            queue.task_done()

    async def _until_taken(self, outer: dict[str, Any]) -> None:
        body, more = orjson.dumps(outer), dict[str, str]()
        for retry in itertools.count():
            status, answer = await self.post(body, more=more)
            self.told.append(Told(outer, retry, status, answer))
            if 200 <= status < 300 or retry >= len(self.pauses_s):
                return
            await asyncio.sleep(self.pauses_s[retry])
            reason = "http_timeout" if status == 0 else "http_error"
            more = {"X-Slack-Retry-Num": str(retry + 1), "X-Slack-Retry-Reason": reason}


@dataclass
class Envelope:
    """What goes through a socket until it is acknowledged; `answer` is the payload of that."""

    id: str
    frame: dict[str, Any]
    answer: Any = None
    times: int = 0
    acked: asyncio.Event = field(default_factory=asyncio.Event)


class Sockets:
    """Socket mode: envelopes go to one connection, and to another when that one closes.

    `tickets` are the URLs that were given out and not yet used.
    """

    def __init__(self) -> None:
        self.tickets: set[str] = set()
        self.envelopes: list[Envelope] = []
        self.open: list[web.WebSocketResponse] = []
        self.connections = 0
        self.changed = asyncio.Condition()

    async def send(self, kind: str, payload: dict[str, Any], *, answers: bool = False) -> Envelope:
        """Send an envelope, now or once somebody is connected."""
        number = len(self.envelopes) + 1
        frame = {
            "type": kind,
            "envelope_id": f"envelope-{number}",
            "payload": payload,
            "accepts_response_payload": answers,
        }
        envelope = Envelope(f"envelope-{number}", frame)
        self.envelopes.append(envelope)
        if self.open:
            await self._pass(self.open[-1], envelope)
        return envelope

    async def connected(self, count: int = 1) -> None:
        """Wait until so many connections were made in all, and one is open."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.connections >= count and bool(self.open))

    async def ask_to_leave(self, reason: str) -> None:
        """Send every connection a `disconnect`."""
        for ws in list(self.open):
            await ws.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    async def drop(self) -> None:
        """Close every connection."""
        for ws in list(self.open):
            await ws.close()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets or len(self.open) >= MOST_SOCKETS:
            raise web.HTTPForbidden
        self.tickets.remove(ticket)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.connections += 1
        self.open.append(ws)
        await ws.send_json({"type": "hello", "num_connections": len(self.open)})
        async with self.changed:
            self.changed.notify_all()
        await self._pass_what_waits(ws)
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self._acknowledge(orjson.loads(message.data))
        self.open.remove(ws)
        if self.open:
            await self._pass_what_waits(self.open[-1])
        return ws

    async def _pass_what_waits(self, ws: web.WebSocketResponse) -> None:
        for envelope in self.envelopes:
            if not envelope.acked.is_set():
                await self._pass(ws, envelope)

    async def _pass(self, ws: web.WebSocketResponse, envelope: Envelope) -> None:
        retried = {"retry_attempt": envelope.times, "retry_reason": "timeout"}
        envelope.times += 1
        try:
            await ws.send_json({**envelope.frame, **(retried if envelope.times > 1 else {})})
        except ConnectionError:
            return

    def _acknowledge(self, frame: dict[str, Any]) -> None:
        for envelope in self.envelopes:
            if envelope.id == frame.get("envelope_id"):
                envelope.answer = frame.get("payload")
                envelope.acked.set()
