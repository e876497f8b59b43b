"""How many connections there may be, and that slow ones harm nobody."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.integration.ingress_base.raw_clients import (
    PATIENT,
    answer,
    closed_after,
    guarded,
    request,
)
from tests.integration.ingress_base.running import BEARER, Ingress, make_config, running


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_client"])
async def test_a_connection_too_many_is_told_so_and_closed(valkey_url: str, limit: str) -> None:
    async with guarded(valkey_url, **{limit: 3}) as ingress, AsyncExitStack() as stack:
        held = [await stack.enter_async_context(ingress.connected()) for _ in range(3)]
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


async def test_a_trusted_proxy_is_not_held_to_the_limit_of_one_client(valkey_url: str) -> None:
    config = make_config(
        valkey_url,
        gateway={"trustedProxies": ["127.0.0.0/8"]},
        ingress={**PATIENT, "max_connections_per_client": 1},
    )
    async with running(config) as ingress, AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(ingress.connected())
        response, _ = await ingress.ask("/health")
        assert response.status == 200


async def test_hundreds_of_slow_clients_do_not_slow_down_the_others(valkey_url: str) -> None:
    async with (
        guarded(valkey_url, header_timeout_seconds=1.5) as ingress,
        AsyncExitStack() as stack,
    ):
        slow = [await stack.enter_async_context(ingress.connected()) for _ in range(300)]
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


async def test_a_handler_learns_at_once_that_its_client_has_left(valkey_url: str) -> None:
    async with guarded(valkey_url) as ingress, ingress.connected() as (_, writer):
        writer.write(request("GET", "/v1/until-cancelled"))
        async with asyncio.timeout(5):
            while ingress.service.census.requests == 0:
                await asyncio.sleep(0)
            writer.close()
            await ingress.service.census.wait_idle()


async def refused_body(ingress: Ingress) -> Any:
    async with ingress.connected() as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        status, body = await answer(reader)
        assert status == 503
        await closed_after(reader)
    return body
