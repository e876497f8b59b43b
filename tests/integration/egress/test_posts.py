"""A POST goes where a fetch may go, and says whether it may have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.errors import (
    AddressRefused,
    TimedOut,
    Unanswered,
    Unreachable,
    UrlRefused,
)
from openclaw_common.runtime.egress.fetch import Egress, Posted
from tests.harness.processes import free_port
from tests.integration.egress.conftest import PUBLIC_HOST, Names, Site

Page = Callable[[str], str]


async def post(egress: Egress, url: str, timeout_s: float = 5.0) -> Posted:
    async with asyncio.timeout(10):
        return await egress.post(url, b"{}", {"X-Own": "1"}, timeout_s=timeout_s, max_bytes=10)


async def test_body_and_headers_arrive_and_the_answer_is_cut(
    egress: Egress, public: Site, page: Page
) -> None:
    got: list[tuple[str, bytes, str | None]] = []

    @public("/hook")
    async def hook(request: web.Request) -> web.Response:
        got.append((request.method, await request.read(), request.headers.get("X-Own")))
        return web.Response(status=418, text="a" * 100)

    posted = await post(egress, page("/hook"))
    assert got == [("POST", b"{}", "1")]
    assert (posted.status, posted.body) == (418, b"a" * 10)


async def test_redirects_are_answers(egress: Egress, public: Site, page: Page) -> None:
    public.redirect("/a", "/b", 307)
    assert (await post(egress, page("/a"))).status == 307
    assert [request.path for request in public.asked] == ["/a"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"])
async def test_nothing_is_posted_inside(egress: Egress, inside: Site, host: str) -> None:
    with pytest.raises(AddressRefused):
        await post(egress, f"http://{host}:{inside.port}/")
    assert inside.asked == []


async def test_a_name_that_leads_inside_is_refused(
    egress: Egress, inside: Site, names: Names
) -> None:
    names.answers["inside.example"] = [["127.0.0.1"]]
    with pytest.raises(AddressRefused):
        await post(egress, f"http://inside.example:{inside.port}/")
    assert inside.asked == []


async def test_a_url_with_credentials_is_refused(egress: Egress, page: Page) -> None:
    with pytest.raises(UrlRefused):
        await post(egress, page("/").replace("http://", "http://user:word@"))


async def test_no_connection_means_that_nothing_arrived(public: Site, names: Names) -> None:
    port = free_port()
    egress = Egress(EgressLimits(ports=(port,)), resolve=names)
    with pytest.raises(Unreachable):
        await post(egress, f"http://{PUBLIC_HOST}:{port}/")


async def test_a_host_that_breaks_off_may_have_taken_it(
    egress: Egress, public: Site, page: Page
) -> None:
    @public("/hook")
    async def hook(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with pytest.raises(Unanswered):
        await post(egress, page("/hook"))


async def test_a_host_that_hangs_may_have_taken_it(
    egress: Egress, public: Site, page: Page
) -> None:
    left = asyncio.Event()

    @public("/hook")
    async def hook(request: web.Request) -> web.Response:
        await left.wait()
        return web.Response()

    with pytest.raises(Unanswered):
        await post(egress, page("/hook"), timeout_s=0.2)
    left.set()


async def test_a_name_server_that_hangs_is_no_send(public: Site) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    egress = Egress(EgressLimits(ports=(public.port,)), resolve=resolve)
    with pytest.raises(TimedOut):
        await post(egress, f"http://{PUBLIC_HOST}:{public.port}/", timeout_s=0.2)
