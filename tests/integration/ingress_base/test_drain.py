"""Draining one ingress (contract §0.1, design promise 10)."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from tests.integration.ingress_base.routes_for_tests import ROUTES
from tests.integration.ingress_base.running import BEARER, make_config, running


async def test_a_draining_ingress_is_not_ready_but_alive(valkey_url: str) -> None:
    async with running(make_config(valkey_url, ingress={"drain_seconds": 30})) as ingress:
        await ingress.service.drain()
        ready, body = await ingress.ask("/readyz")
        assert (ready.status, body["ready"], body["failing"]) == (503, False, ["gateway-draining"])
        started, body = await ingress.ask("/startupz")
        assert (started.status, body["ok"], body["status"]) == (503, False, "draining")
        alive, body = await ingress.ask("/health")
        assert (alive.status, body) == (200, {"ok": True, "status": "healthy"})


@pytest.mark.parametrize("headers", [{}, BEARER])
async def test_a_draining_ingress_refuses_new_work_before_authentication(
    valkey_url: str, headers: dict[str, str]
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        await ingress.service.drain()
        response, body = await ingress.ask("/v1/models", headers=headers)
        assert response.status == 503
        assert body["error"] == {
            "message": "Gateway is temporarily unavailable while suspending or restarting",
            "type": "service_unavailable",
            "code": "gateway_unavailable",
            "request_id": response.headers["X-Request-Id"],
        }
        assert response.headers["Retry-After"] == "1"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Connection"] == "close"
        unknown, _ = await ingress.ask("/nowhere")
        assert unknown.status == 404
        wrong_method, _ = await ingress.ask("/v1/models", "POST")
        assert wrong_method.status == 405


async def test_draining_returns_at_once_when_nothing_is_open(valkey_url: str) -> None:
    async with running(make_config(valkey_url, ingress={"drain_seconds": 30})) as ingress:
        began = time.monotonic()
        await ingress.service.drain()
        assert time.monotonic() - began < 1


async def test_an_open_stream_goes_on_and_is_told_to_come_back_when_time_is_up(
    valkey_url: str,
) -> None:
    config = make_config(valkey_url, ingress={"drain_seconds": 0.4})
    async with running(config, routes=ROUTES) as ingress:
        url = ingress.url + "/v1/until-closing"
        async with asyncio.timeout(5), ingress.client.get(url, headers=BEARER) as stream:
            assert await stream.content.readuntil(b"\n\n") == b"data: begun\n\n"
            began = time.monotonic()
            draining = asyncio.create_task(ingress.service.drain())
            assert await stream.content.readuntil(b"\n\n") == b"retry: 500\n\n"
            assert time.monotonic() - began >= 0.35
            assert await stream.content.read() == b""
            await draining


async def test_a_handler_that_does_not_end_cannot_hold_up_the_stop(valkey_url: str) -> None:
    config = make_config(valkey_url, ingress={"drain_seconds": 0})
    async with running(config, routes=ROUTES) as ingress:
        asking = asyncio.create_task(ingress.ask("/v1/until-cancelled", headers=BEARER))
        async with asyncio.timeout(5):
            while ingress.service.census.requests == 0:
                await asyncio.sleep(0)
        async with asyncio.timeout(9):
            await ingress.service.drain()
            await ingress.service.stop()
        with pytest.raises(aiohttp.ClientError):
            await asking
        with pytest.raises(aiohttp.ClientConnectorError):
            await ingress.ask("/health")
