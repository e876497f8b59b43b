"""The limits of a connection, over raw sockets (reliability.md §4.4)."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from openclaw_ingress.route import Route
from tests.integration.ingress_base.routes_for_tests import ROUTES
from tests.integration.ingress_base.running import BEARER, Ingress, make_config, running

PATIENT = {
    "header_timeout_seconds": 30,
    "body_timeout_seconds": 30,
    "keep_alive_seconds": 30,
    "write_timeout_seconds": 30,
}
AUTH = f"Authorization: {BEARER['Authorization']}\r\n".encode()


@asynccontextmanager
async def guarded(valkey_url: str, *more: Route, **limits: Any) -> AsyncIterator[Ingress]:
    config = make_config(valkey_url, ingress={**PATIENT, **limits})
    async with running(config, routes=(*ROUTES, *more)) as ingress:
        yield ingress


def request(method: str, path: str, *lines: bytes) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode()
    return head + AUTH + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


async def closed_after(reader: asyncio.StreamReader) -> float:
    """Wait for the end of a connection; returns the seconds it took."""
    began = time.monotonic()
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            await reader.read()
    return time.monotonic() - began


async def trickle(writer: asyncio.StreamWriter, data: bytes, pause_s: float) -> None:
    """Send a byte at a time, for as long as the server takes them."""
    for byte in data:
        if writer.is_closing():
            return
        writer.write(bytes([byte]))
        await asyncio.sleep(pause_s)


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """The status and JSON body of one response."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def test_a_silent_connection_is_closed(valkey_url: str) -> None:
    async with guarded(valkey_url, header_timeout_seconds=0.3) as ingress:
        reader, writer = await ingress.connect()
        assert 0.2 < await closed_after(reader) < 2
        writer.close()


async def test_a_head_that_trickles_in_is_cut_however_busy_it_looks(valkey_url: str) -> None:
    async with guarded(valkey_url, header_timeout_seconds=0.3) as ingress:
        reader, writer = await ingress.connect()
        sending = asyncio.create_task(trickle(writer, request("GET", "/v1/models") * 9, 0.02))
        assert 0.2 < await closed_after(reader) < 2
        sending.cancel()
        writer.close()


async def test_the_head_of_a_later_request_has_the_same_time_from_its_first_byte(
    valkey_url: str,
) -> None:
    async with guarded(valkey_url, header_timeout_seconds=0.3) as ingress:
        reader, writer = await ingress.connect()
        writer.write(request("GET", "/v1/models"))
        assert (await answer(reader))[0] == 200
        writer.write(b"GET /v1/mod")
        assert 0.2 < await closed_after(reader) < 2
        writer.close()


async def test_part_of_a_head_behind_a_running_request_waits_for_its_end(valkey_url: str) -> None:
    released = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await released.wait()
        return web.json_response({"waited": True})

    route = Route("GET", "/v1/wait", wait, "operator.read")
    async with guarded(valkey_url, route, header_timeout_seconds=0.2) as ingress:
        reader, writer = await ingress.connect()
        writer.write(request("GET", "/v1/wait"))
        async with asyncio.timeout(5):
            while ingress.service.census.requests == 0:
                await asyncio.sleep(0)
        writer.write(b"GET /v1/mod")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await reader.read(1)
        released.set()
        assert await answer(reader) == (200, {"waited": True})
        assert await closed_after(reader) < 2
        writer.close()


async def test_an_idle_connection_is_closed_and_a_used_one_is_not(valkey_url: str) -> None:
    async with guarded(valkey_url, keep_alive_seconds=0.4, header_timeout_seconds=0.2) as ingress:
        reader, writer = await ingress.connect()
        for _ in range(5):
            writer.write(request("GET", "/v1/models"))
            assert (await answer(reader))[0] == 200
            await asyncio.sleep(0.15)
        assert 0.1 < await closed_after(reader) < 2
        writer.close()


@pytest.mark.parametrize("minimum", [0, 1024])
async def test_a_body_that_trickles_in_is_408(valkey_url: str, minimum: int) -> None:
    async with guarded(
        valkey_url, body_timeout_seconds=0.6, min_body_bytes_per_second=minimum
    ) as ingress:
        reader, writer = await ingress.connect()
        began = time.monotonic()
        writer.write(request("POST", "/v1/echo", b"Content-Length: 1000"))
        sending = asyncio.create_task(trickle(writer, b"x" * 1000, 0.02))
        status, body = await answer(reader)
        elapsed = time.monotonic() - began
        assert status == 408
        assert body["error"]["message"] == "Request body timeout"
        assert body["error"]["type"] == "invalid_request_error"
        assert elapsed < 0.5 if minimum else 0.5 < elapsed < 2
        await closed_after(reader)
        sending.cancel()
        writer.close()


async def test_a_chunked_body_that_stops_is_408(valkey_url: str) -> None:
    async with guarded(valkey_url, body_timeout_seconds=0.3) as ingress:
        reader, writer = await ingress.connect()
        writer.write(request("POST", "/v1/echo", b"Transfer-Encoding: chunked") + b"5\r\nab")
        assert (await answer(reader))[0] == 408
        await closed_after(reader)
        writer.close()


async def test_a_body_that_is_quick_enough_is_taken_however_long_it_takes(valkey_url: str) -> None:
    async with guarded(
        valkey_url, body_timeout_seconds=3, min_body_bytes_per_second=1000
    ) as ingress:
        reader, writer = await ingress.connect()
        writer.write(request("POST", "/v1/echo", b"Content-Length: 10000"))
        for _ in range(10):
            writer.write(b"x" * 1000)
            await asyncio.sleep(0.1)
        assert await answer(reader) == (200, {"bytes": 10000})
        writer.close()


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(valkey_url: str) -> None:
    async with guarded(valkey_url, body_timeout_seconds=0.3) as ingress:
        reader, writer = await ingress.connect()
        writer.write(b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        assert (await answer(reader))[0] == 401
        assert await closed_after(reader) < 2
        writer.close()


async def test_a_reader_that_does_not_read_is_cut_and_has_cost_little(valkey_url: str) -> None:
    written: list[int] = []
    ended = asyncio.Event()

    async def flood(incoming: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(incoming)
        try:
            while True:
                await response.write(b"x" * 8192)
                written.append(8192)
        finally:
            ended.set()

    route = Route("GET", "/v1/count", flood, "operator.read")
    async with guarded(
        valkey_url, route, write_timeout_seconds=0.3, socket_send_buffer_bytes=65536
    ) as ingress:
        with deaf_client(ingress.port) as client:
            client.sendall(request("GET", "/v1/count"))
            async with asyncio.timeout(5):
                await ended.wait()
            assert sum(written) < 1_000_000
            await until_nothing_is_open(ingress)


async def test_a_large_answer_that_is_not_read_does_not_hold_the_connection(
    valkey_url: str,
) -> None:
    async with guarded(valkey_url, write_timeout_seconds=0.3) as ingress:
        with deaf_client(ingress.port) as client:
            client.sendall(request("GET", "/v1/large"))
            await until_nothing_is_open(ingress, at_first=True)


async def test_last_bytes_that_are_not_read_do_not_hold_a_closed_connection(
    valkey_url: str,
) -> None:
    limits = {
        "write_timeout_seconds": 0.3,
        "keep_alive_seconds": 0.2,
        "write_buffer_bytes": 8_000_000,
        "socket_send_buffer_bytes": 16384,
    }
    async with guarded(valkey_url, **limits) as ingress:
        with deaf_client(ingress.port) as client:
            client.sendall(request("GET", "/v1/large"))
            await until_nothing_is_open(ingress, at_first=True)


async def test_accepted_sockets_have_the_configured_send_buffer(valkey_url: str) -> None:
    async def size(incoming: web.Request) -> web.Response:
        assert incoming.transport is not None
        accepted = incoming.transport.get_extra_info("socket")
        return web.json_response(accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF))

    route = Route("GET", "/v1/size", size, "operator.read")
    async with guarded(valkey_url, route, socket_send_buffer_bytes=50_000) as ingress:
        _, found = await ingress.ask("/v1/size", headers=BEARER)
        # The kernel counts its own bookkeeping and doubles what was asked for.
        assert found in (50_000, 100_000)


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_client"])
async def test_a_connection_too_many_is_told_so_and_closed(valkey_url: str, limit: str) -> None:
    async with guarded(valkey_url, **{limit: 3}) as ingress:
        held = [await ingress.connect() for _ in range(3)]
        reader, writer = held[0]
        writer.write(request("GET", "/v1/models"))
        assert (await answer(reader))[0] == 200
        refused, _ = await ingress.ask("/health")
        assert refused.status == 503
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["X-Content-Type-Options"] == "nosniff"
        body = await refused_body(ingress)
        assert body["error"]["type"] == "api_error"
        assert body["error"]["code"] == "overloaded"
        writer.close()
        async with asyncio.timeout(5):
            while (await ingress.ask("/health"))[0].status != 200:
                pass
        for _, writer in held:
            writer.close()


async def test_a_trusted_proxy_is_not_held_to_the_limit_of_one_client(valkey_url: str) -> None:
    config = make_config(
        valkey_url,
        gateway={"trustedProxies": ["127.0.0.0/8"]},
        ingress={**PATIENT, "max_connections_per_client": 1},
    )
    async with running(config) as ingress:
        held = [await ingress.connect() for _ in range(5)]
        response, _ = await ingress.ask("/health")
        assert response.status == 200
        for _, writer in held:
            writer.close()


async def test_hundreds_of_slow_clients_do_not_slow_down_the_others(valkey_url: str) -> None:
    async with guarded(valkey_url, header_timeout_seconds=2) as ingress:
        slow = [await ingress.connect() for _ in range(300)]
        for _, writer in slow:
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        times = []
        for _ in range(20):
            began = time.monotonic()
            response, _ = await ingress.ask("/v1/models", headers=BEARER)
            times.append(time.monotonic() - began)
            assert response.status == 200
        assert sorted(times)[18] < 0.1
        await asyncio.gather(*(closed_after(reader) for reader, _ in slow))
        for _, writer in slow:
            writer.close()


async def test_a_handler_learns_at_once_that_its_client_has_left(valkey_url: str) -> None:
    async with guarded(valkey_url) as ingress:
        _, writer = await ingress.connect()
        writer.write(request("GET", "/v1/until-cancelled"))
        async with asyncio.timeout(5):
            while ingress.service.census.requests == 0:
                await asyncio.sleep(0)
            writer.close()
            await ingress.service.census.wait_idle()


def deaf_client(port: int) -> socket.socket:
    """A connected socket that takes as little as it can."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    return client


async def until_nothing_is_open(ingress: Ingress, *, at_first: bool = False) -> None:
    census = ingress.service.census
    async with asyncio.timeout(5):
        while at_first and census.connections == 0:
            await asyncio.sleep(0)
        while census.connections > 0:
            await asyncio.sleep(0)


async def refused_body(ingress: Ingress) -> Any:
    reader, writer = await ingress.connect()
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    status, body = await answer(reader)
    assert status == 503
    await closed_after(reader)
    writer.close()
    return body
