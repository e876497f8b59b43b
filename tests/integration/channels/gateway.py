"""A web server in place of the gateway: one channel's webhook, without anything behind it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from aiohttp import web

from openclaw_channels.inbound import InboundRequest, NotAuthentic, WebhookReader
from openclaw_common.contracts.inbound import InboundMessage

Handler = Callable[[web.Request], Awaitable[web.Response]]


class SmallGateway:
    """Serves handlers by path; `messages` are what its webhook read."""

    def __init__(self, handlers: Mapping[str, Handler], method: str = "POST") -> None:
        self.messages: list[InboundMessage] = []
        self.url = ""
        self._app = web.Application()
        for path, handler in handlers.items():
            self._app.router.add_route(method, path, handler)
        self._runner = web.AppRunner(self._app, access_log=None)

    @classmethod
    def of(cls, path: str, reader: WebhookReader) -> Self:
        """Return one that answers as the ingress does."""
        made: Self

        async def answer(request: web.Request) -> web.Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            came = InboundRequest(headers, await request.read(), time.time())
            try:
                reader.verify(came)
            except NotAuthentic:
                return web.Response(status=401)
            inbound = reader.read(came)
            made.messages += inbound.messages
            answered = inbound.answer
            return web.Response(
                status=answered.status, body=answered.body, content_type=answered.content_type
            )

        made = cls({path: answer})
        return made

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
