"""A chat platform of our own: what people write is said to it, and what it takes is seen.

    async with FakeParrot() as parrot:
        parrot.write(Written(chat="42", text="hello"))   # over a held connection
        await parrot.post(client, url, Written(text="hello"))  # by webhook
        await parrot.taken(1)

Events are numbered from 1 for each account; `/updates` waits for those behind a number, and knows
one connection an account: a second one ends the first with 409, as platforms do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import aiohttp
import orjson
from aiohttp import web

from tests.fakes.channels.platform import FakePlatform, Fault, FaultKind, Offer, json_response

SECRET = "parrot-secret"
POLL_S = 10


@dataclass
class Written:
    """What somebody wrote; `more` are further fields of an InboundMessage."""

    text: str = "hello"
    chat: str = "42"
    sender: str = "7"
    chat_kind: str = "direct"
    thread: str | None = None
    mentions: bool = False
    event: int = 0
    more: dict[str, Any] = field(default_factory=dict)


class FakeParrot(FakePlatform):
    """The platform. A repeated send with one key is taken once."""

    idempotent: ClassVar[bool] = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.updates: dict[str, list[Written]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        self.polls: dict[str, int] = defaultdict(int)
        self.polled = asyncio.Condition()
        self._news = asyncio.Condition()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the platform's endpoints."""
        router.add_post("/send", self._send)
        router.add_get("/{account}/updates", self._updates)
        router.add_post("/{account}/write", self._written)
        router.add_get("/files/{id}", self._file)

    def refusal(self, fault: Fault) -> web.Response:
        """Answer with a status."""
        statuses = {FaultKind.RATE_LIMIT: 429, FaultKind.SERVER_ERROR: fault.status}
        return web.Response(status=statuses.get(fault.kind, 404))

    async def write(self, written: Written, account: str = "default") -> None:
        """Let a held connection receive what somebody wrote."""
        async with self._news:
            written.event = len(self.updates[account]) + 1
            self.updates[account].append(written)
            self._news.notify_all()

    async def post(
        self,
        client: aiohttp.ClientSession,
        url: str,
        *written: Written,
        headers: dict[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        """Post to a webhook, as the platform does; returns the answer, which is read."""
        body = orjson.dumps([asdict(item) for item in written])
        sent = {"x-parrot-secret": SECRET} if headers is None else headers
        async with client.post(url, data=body, headers=sent) as answer:
            await answer.read()
            return answer

    async def connected(self, account: str = "default", polls: int = 1) -> None:
        """Wait until an account's connection was held `polls` times."""
        async with self.polled:
            await self.polled.wait_for(lambda: self.polls[account] >= polls)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = orjson.loads(await request.read())
        offer = Offer(body["to"], body["thread"], body["text"], body["key"], raw=body)
        return await self.settle(request, offer, lambda taken: json_response({"id": taken.number}))

    async def _written(self, request: web.Request) -> web.Response:
        await self.write(
            Written(**orjson.loads(await request.read())), request.match_info["account"]
        )
        return json_response({})

    async def _updates(self, request: web.Request) -> web.Response:
        account, after = request.match_info["account"], int(request.query["after"])
        async with self.polled:
            self.polls[account] += 1
            poll = self.polls[account]
            self.polled.notify_all()
        known = self.updates[account]
        async with self._news:
            self._news.notify_all()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._news.wait_for(
                        lambda: len(known) > after or self.polls[account] != poll
                    )
            except TimeoutError:
                return json_response([])
        if self.polls[account] != poll:
            return web.Response(status=409)
        return json_response([asdict(item) for item in known[after : after + 10]])

    async def _file(self, request: web.Request) -> web.Response:
        body = self.files.get(request.match_info["id"])
        return web.Response(status=404) if body is None else web.Response(body=body)
