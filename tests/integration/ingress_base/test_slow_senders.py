"""Clients that send too slowly or nothing at all (reliability.md §4.4)."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from aiohttp import web

from openclaw_ingress.route import Route
from tests.integration.ingress_base.raw_clients import (
    answer,
    closed_after,
    guarded,
    request,
    trickle,
)
from tests.integration.ingress_base.running import BEARER


async def test_a_silent_connection_is_closed(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, header_timeout_seconds=0.3) as ingress,
        ingress.connected() as (reader, _),
    ):
        assert 0.2 < await closed_after(reader) < 2


async def test_a_head_that_trickles_in_is_cut_however_busy_it_looks(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, header_timeout_seconds=0.3) as ingress,
        ingress.connected() as (reader, writer),
    ):
        sending = asyncio.create_task(trickle(writer, request("GET", "/v1/models") * 9, 0.02))
        assert 0.2 < await closed_after(reader) < 2
        sending.cancel()


async def test_the_head_of_a_later_request_has_the_same_time_from_its_first_byte(
    valkey_url: str,
) -> None:
    async with (
        guarded(valkey_url, header_timeout_seconds=0.3) as ingress,
        ingress.connected() as (reader, writer),
    ):
        writer.write(request("GET", "/v1/models"))
        assert (await answer(reader))[0] == 200
        writer.write(b"GET /v1/mod")
        assert 0.2 < await closed_after(reader) < 2


async def test_part_of_a_head_behind_a_running_request_waits_for_its_end(valkey_url: str) -> None:
    released = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await released.wait()
        return web.json_response({"waited": True})

    route = Route("GET", "/v1/wait", wait, "operator.read")
    async with (
        guarded(valkey_url, route, header_timeout_seconds=0.2) as ingress,
        ingress.connected() as (reader, writer),
    ):
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


async def test_an_idle_connection_is_closed_and_a_used_one_is_not(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, keep_alive_seconds=0.4, header_timeout_seconds=0.2) as ingress,
        ingress.connected() as (reader, writer),
    ):
        for _ in range(5):
            writer.write(request("GET", "/v1/models"))
            assert (await answer(reader))[0] == 200
            await asyncio.sleep(0.15)
        assert 0.1 < await closed_after(reader) < 2


@pytest.mark.parametrize("minimum", [0, 1024])
async def test_a_body_that_trickles_in_is_408(valkey_url: str, minimum: int) -> None:
    async with (
        guarded(valkey_url, body_timeout_seconds=0.6, min_body_bytes_per_second=minimum) as ingress,
        ingress.connected() as (reader, writer),
    ):
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


async def test_a_chunked_body_that_stops_is_408(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, body_timeout_seconds=0.3) as ingress,
        ingress.connected() as (reader, writer),
    ):
        writer.write(request("POST", "/v1/echo", b"Transfer-Encoding: chunked") + b"5\r\nab")
        assert (await answer(reader))[0] == 408
        await closed_after(reader)


async def test_a_body_that_is_quick_enough_is_taken_however_long_it_takes(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, body_timeout_seconds=3, min_body_bytes_per_second=1000) as ingress,
        ingress.connected() as (reader, writer),
    ):
        writer.write(request("POST", "/v1/echo", b"Content-Length: 10000"))
        for _ in range(10):
            writer.write(b"x" * 1000)
            await asyncio.sleep(0.1)
        assert await answer(reader) == (200, {"bytes": 10000})


async def test_a_body_that_the_handler_lets_wait_is_not_the_clients_fault(
    valkey_url: str,
) -> None:
    async def dawdle(incoming: web.Request) -> web.Response:
        await asyncio.sleep(0.6)
        return web.json_response({"bytes": len(await incoming.read())})

    route = Route("POST", "/v1/dawdle", dawdle, "operator.write")
    async with guarded(valkey_url, route, body_timeout_seconds=0.3) as ingress:
        body = io.BytesIO(b"x" * 8_000_000)
        _, found = await ingress.ask("/v1/dawdle", "POST", headers=BEARER, data=body)
        assert found == {"bytes": 8_000_000}


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, body_timeout_seconds=0.3) as ingress,
        ingress.connected() as (reader, writer),
    ):
        writer.write(b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        assert (await answer(reader))[0] == 401
        assert await closed_after(reader) < 2
