"""A gateway that answers by script, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedGateway:
    """Answers its n-th request by the n-th handler and keeps the requests' headers and bodies."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers = list(handlers)
        self.methods: list[str] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[str] = []
        self.url = ""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.methods.append(request.method)
        self.paths.append(request.path_qs)
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.text())
        return await self._handlers.pop(0)(request)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ScriptedGateway]:
        """Serve on a free port of 127.0.0.1."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self


def stream(*frames: str, cut: bool = False) -> Handler:
    """Answer with an event stream; `cut` drops the connection behind the last frame."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write("".join(frames).encode())
        if cut and request.transport is not None:
            request.transport.abort()
        return response

    return handler


def answer(body: object, status: int = 200) -> Handler:
    """Answer with a JSON body."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return handler


def page(*items: object) -> Handler:
    """Answer with the only page of a list."""
    return answer({"object": "list", "data": list(items), "has_more": False})


def error(status: int, message: str, code: str | None = None) -> Handler:
    """Answer with an error in the gateway's shape."""
    return answer({"error": {"message": message, "type": "api_error", "code": code}}, status)
