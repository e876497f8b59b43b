"""Clients that do not take what they asked for (reliability.md §4.4)."""

from __future__ import annotations

import asyncio
import socket
import time

from aiohttp import web

from openclaw_ingress.route import Route
from tests.integration.ingress_base.raw_clients import (
    deaf_client,
    guarded,
    request,
    until_nothing_is_open,
)
from tests.integration.ingress_base.running import BEARER


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


async def test_a_reader_that_reads_slowly_but_steadily_gets_everything(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, write_timeout_seconds=0.3) as ingress,
        ingress.connected() as (reader, writer),
    ):
        writer.write(request("GET", "/v1/large", b"Connection: close"))
        taken = 0
        began = time.monotonic()
        while chunk := await reader.read(65536):
            taken += len(chunk)
            await asyncio.sleep(0.015)
        assert taken > 4_000_000
        assert time.monotonic() - began > 0.6


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
