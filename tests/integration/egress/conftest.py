"""Servers on loopback addresses, of which one counts as public."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress import addresses, addressing
from openclaw_common.runtime.egress.addresses import Address, Reach
from openclaw_common.runtime.egress.fetch import Egress, FetchRules

PUBLIC_ADDRESS = "127.0.0.77"
PUBLIC_HOST = "public.example"
TEXT = FetchRules(("text/*",), max_bytes=100_000, max_redirects=3, timeout_s=5)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """A server whose pages a test sets; `asked` are the requests it got."""

    pages: dict[str, Handler] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    port: int = 0

    def __call__(self, path: str) -> Callable[[Handler], Handler]:
        """Decorate the handler of a path."""

        def add(handler: Handler) -> Handler:
            self.pages[path] = handler
            return handler

        return add

    def text(self, path: str, body: str) -> None:
        """Answer a path with text."""

        async def page(request: web.Request) -> web.Response:
            return web.Response(text=body)

        self.pages[path] = page

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        """Answer a path with a redirect."""

        async def page(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": location})

        self.pages[path] = page

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the test said."""
        self.asked.append(request)
        page = self.pages.get(request.path)
        return await page(request) if page else web.Response(status=404)


async def _serve(host: str) -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    async with TestServer(app, host=host) as server:
        site.port = server.port or 0
        yield site


@pytest.fixture
async def public(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A server at an address that counts as public, reached as PUBLIC_HOST."""

    def reach(address: Address) -> Reach:
        stands_in = address == IPv4Address(PUBLIC_ADDRESS)
        return Reach.PUBLIC if stands_in else addresses.reach(address)

    monkeypatch.setattr(addressing, "reach", reach)
    async for site in _serve(PUBLIC_ADDRESS):
        yield site


@pytest.fixture
async def inside() -> AsyncIterator[Site]:
    """A server of the inside."""
    async for site in _serve("127.0.0.1"):
        yield site


@dataclass
class Names:
    """A name server: each look-up of a name takes its next answer, and the last one for ever."""

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Look a name up."""
        self.asked.append(host)
        left = self.answers.get(host)
        if not left:
            raise OSError("no such name")
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def names() -> Names:
    """A name server that knows the public host."""
    return Names({PUBLIC_HOST: [[PUBLIC_ADDRESS]]})


@pytest.fixture
def egress(public: Site, inside: Site, names: Names) -> Egress:
    """An egress that trusts nobody, and whose ports are those of the two servers."""
    return Egress(EgressLimits(ports=(public.port, inside.port)), resolve=names)


@pytest.fixture
def page(public: Site) -> Callable[[str], str]:
    """The URL of a path of the public server."""
    return lambda path: f"http://{PUBLIC_HOST}:{public.port}{path}"
