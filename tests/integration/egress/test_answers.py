"""What goes out, and what may come back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiohttp import web

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.errors import (
    BadStatus,
    ContentRefused,
    TimedOut,
    TooLarge,
    Unreachable,
)
from openclaw_common.runtime.egress.fetch import USER_AGENT, Egress
from tests.integration.egress.conftest import TEXT, Names, Site

Page = Callable[[str], str]


async def test_nothing_of_ours_goes_along(
    egress: Egress, public: Site, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", "/dev/null")

    @public("/a")
    async def with_cookie(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/b", "Set-Cookie": "a=b"})

    public.text("/b", "here")
    await egress.fetch(page("/a"), TEXT)
    assert [set(request.headers) for request in public.asked] == [
        {"Host", "Connection", "User-Agent", "Accept", "Accept-Encoding"}
    ] * 2
    assert public.asked[1].headers["User-Agent"] == USER_AGENT


async def test_gzip_is_undone_and_the_charset_told(
    egress: Egress, public: Site, page: Page
) -> None:
    @public("/")
    async def compressed(request: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/html; charset=latin-1"}
        return web.Response(body=gzip.compress(b"caf\xe9"), headers=headers)

    fetched = await egress.fetch(page("/"), TEXT)
    assert (fetched.body, fetched.media_type, fetched.charset) == (
        b"caf\xe9",
        "text/html",
        "latin-1",
    )


async def test_a_zip_bomb_is_refused_or_cut(egress: Egress, public: Site, page: Page) -> None:
    @public("/")
    async def bomb(request: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
        return web.Response(body=gzip.compress(bytes(50_000_000)), headers=headers)

    with pytest.raises(TooLarge):
        await egress.fetch(page("/"), TEXT)
    fetched = await egress.fetch(page("/"), replace(TEXT, cut=True))
    assert (len(fetched.body), fetched.cut) == (TEXT.max_bytes, True)


async def test_an_endless_answer_is_given_up_at_the_cap(
    egress: Egress, public: Site, page: Page
) -> None:
    @public("/")
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"a" * 10_000)
        except ConnectionError:
            return response

    async with asyncio.timeout(5):
        with pytest.raises(TooLarge):
            await egress.fetch(page("/"), TEXT)


@pytest.mark.parametrize("silent", ["headers", "body"])
async def test_a_host_that_falls_silent_is_left(
    public: Site, names: Names, page: Page, silent: str
) -> None:
    left = asyncio.Event()

    @public("/")
    async def stalling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        if silent == "body":
            await response.prepare(request)
            await response.write(b"a")
        await left.wait()
        return response

    limits = EgressLimits(ports=(public.port,), read_timeout_ms=100)
    async with asyncio.timeout(5):
        with pytest.raises(TimedOut):
            await Egress(limits, resolve=names).fetch(page("/"), TEXT)
    left.set()


async def test_dripping_and_redirecting_do_not_prolong_the_whole(
    egress: Egress, public: Site, page: Page
) -> None:
    @public("/")
    async def dripping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"a")
                await asyncio.sleep(0.01)
        except ConnectionError:
            return response

    async with asyncio.timeout(5):
        with pytest.raises(TimedOut):
            await egress.fetch(page("/"), replace(TEXT, timeout_s=0.3))


async def test_a_slow_name_server_counts_too(public: Site, page: Page) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with asyncio.timeout(5):
        with pytest.raises(TimedOut):
            await Egress(EgressLimits(ports=(public.port,)), resolve=never).fetch(
                page("/"), replace(TEXT, timeout_s=0.1)
            )


@pytest.mark.parametrize("status", [204, 304, 400, 401, 404, 500])
async def test_what_is_no_success_is_told(
    egress: Egress, public: Site, page: Page, status: int
) -> None:
    @public("/")
    async def failing(request: web.Request) -> web.Response:
        return web.Response(status=status)

    expected = ContentRefused if status == 204 else BadStatus
    with pytest.raises(expected):
        await egress.fetch(page("/"), TEXT)


async def test_another_media_type_is_refused(egress: Egress, public: Site, page: Page) -> None:
    @public("/")
    async def archive(request: web.Request) -> web.Response:
        return web.Response(body=b"x", content_type="application/zip")

    with pytest.raises(ContentRefused, match="application/zip"):
        await egress.fetch(page("/"), TEXT)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not http\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Type: text/plain\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused(names: Names, public: Site, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.77", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable):
            await Egress(EgressLimits(ports=(port,)), resolve=names).fetch(
                f"http://public.example:{port}/", TEXT
            )


@pytest.mark.parametrize("times", [1, 9, 10, None])
async def test_an_answer_may_be_announced_a_few_times(
    names: Names, public: Site, times: int | None
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        with contextlib.suppress(ConnectionError):
            while times is None:
                writer.write(hint * 500)
                await writer.drain()
            writer.write(hint * times)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhere")
            await writer.drain()
        writer.close()

    async with asyncio.timeout(5), await asyncio.start_server(serve, "127.0.0.77", 0) as server:
        port = server.sockets[0].getsockname()[1]
        egress = Egress(EgressLimits(ports=(port,)), resolve=names)
        if times in (1, 9):
            fetched = await egress.fetch(f"http://public.example:{port}/", TEXT)
            assert fetched.body == b"here"
        else:
            with pytest.raises(Unreachable):
                await egress.fetch(f"http://public.example:{port}/", TEXT)


async def test_a_closed_port_is_unreachable(egress: Egress, names: Names, inside: Site) -> None:
    with pytest.raises(Unreachable):
        await egress.fetch(f"http://public.example:{inside.port}/", TEXT)
