"""Probes (contract §1.8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integration.ingress_base.running import BEARER, WRONG, make_config, running

PROXIED = {"X-Forwarded-For": "203.0.113.9"}
BEHIND_PROXY = {"trustedProxies": ["127.0.0.1"]}


@asynccontextmanager
async def hanging_redis() -> AsyncIterator[str]:
    """The URL of a server that accepts and never answers."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()


@pytest.mark.parametrize(("path", "status"), [("/health", "healthy"), ("/healthz", "live")])
async def test_liveness_says_the_words_of_its_path(valkey_url: str, path: str, status: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(path)
        assert (response.status, body) == (200, {"ok": True, "status": status})
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        head, empty = await ingress.ask(path, "HEAD")
        assert (head.status, empty) == (200, "")


async def test_health_says_live_under_compat_current(valkey_url: str) -> None:
    gateway = {"http": {"compat": "current"}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        _, body = await ingress.ask("/health")
        assert body == {"ok": True, "status": "live"}


@pytest.mark.parametrize(
    "path", ["/health", "/healthz", "/ready", "/readyz", "/startup", "/startupz"]
)
async def test_probes_take_get_and_head_only_and_reserve_their_subpaths(
    valkey_url: str, path: str
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(path, "POST")
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD"
        assert body["error"]["message"] == "Method Not Allowed"
        below, _ = await ingress.ask(path + "/x")
        assert below.status == 404


@pytest.mark.parametrize("path", ["/ready", "/readyz"])
async def test_readiness_tells_a_local_caller_everything(valkey_url: str, path: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(path)
        assert response.status == 200
        assert body["ready"] is True
        assert body["failing"] == []
        assert body["uptimeMs"] >= 0
        assert set(body["durability"]) == {"mode", "noeviction"}


async def test_readiness_and_startup_tell_strangers_only_the_verdict(valkey_url: str) -> None:
    async with running(make_config(valkey_url, gateway=BEHIND_PROXY)) as ingress:
        for headers in (PROXIED, {**PROXIED, **WRONG}):
            _, ready = await ingress.ask("/readyz", headers=headers)
            assert ready == {"ready": True}
            _, started = await ingress.ask("/startupz", headers=headers)
            assert started == {"ok": True, "status": "started"}


async def test_readiness_and_startup_tell_authenticated_callers_everything(
    valkey_url: str,
) -> None:
    async with running(make_config(valkey_url, gateway=BEHIND_PROXY)) as ingress:
        _, ready = await ingress.ask("/readyz", headers={**PROXIED, **BEARER})
        assert ready["failing"] == []
        _, started = await ingress.ask("/startup", headers={**PROXIED, **BEARER})
        assert set(started) == {"ok", "status", "version", "uptimeMs"}


@pytest.mark.parametrize(
    ("auth", "headers", "told"),
    [
        ({"mode": "none"}, {}, False),
        ({"mode": "trusted-proxy"}, {}, False),
        ({"mode": "trusted-proxy"}, {"x-auth-user": "ada"}, True),
    ],
)
async def test_without_a_secret_only_a_vouched_user_is_told_more(
    valkey_url: str, auth: dict[str, Any], headers: dict[str, str], told: bool
) -> None:
    vouching = {"userHeader": "x-auth-user", "allowLoopback": True}
    gateway = {**BEHIND_PROXY, "auth": {**auth, "trustedProxy": vouching}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        _, body = await ingress.ask("/readyz", headers={**PROXIED, **headers})
        assert ("failing" in body) is told


async def test_guessing_at_a_probe_counts_as_guessing(valkey_url: str) -> None:
    gateway = {**BEHIND_PROXY, "auth": {"rateLimit": {"maxAttempts": 2}}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        for _ in range(2):
            await ingress.ask("/readyz", headers={**PROXIED, **WRONG})
        _, body = await ingress.ask("/readyz", headers={**PROXIED, **BEARER})
        assert body == {"ready": True}
        response, _ = await ingress.ask("/v1/models", headers={**PROXIED, **BEARER})
        assert response.status == 429


async def test_readiness_fails_without_redis_and_a_credential_still_opens_the_details(
    unused_port: int,
) -> None:
    config = make_config(f"redis://127.0.0.1:{unused_port}/0", gateway=BEHIND_PROXY)
    async with running(config) as ingress:
        response, body = await ingress.ask("/readyz", headers={**PROXIED, **BEARER})
        assert response.status == 503
        assert (body["ready"], body["failing"]) == (False, ["redis"])
        assert body["durability"] is None
        _, hidden = await ingress.ask("/readyz", headers={**PROXIED, **WRONG})
        assert hidden == {"ready": False}
        refused, error = await ingress.ask("/v1/models", headers={**PROXIED, **BEARER})
        assert refused.status == 503
        assert error["error"]["code"] == "store_unavailable"
        assert refused.headers["Retry-After"] == "1"


async def test_liveness_answers_at_once_while_redis_hangs() -> None:
    async with hanging_redis() as url, running(make_config(url)) as ingress:
        asking = asyncio.create_task(ingress.ask("/readyz"))
        for path in ("/health", "/healthz", "/startupz"):
            began = time.monotonic()
            response, _ = await ingress.ask(path)
            assert response.status == 200
            assert time.monotonic() - began < 0.25
        response, body = await asking
        assert (response.status, body["failing"]) == (503, ["redis"])


async def test_readiness_fails_when_strict_durability_is_not_met(valkey_url: str) -> None:
    config = make_config(valkey_url, redis={"durability": "strict"})
    async with running(config) as ingress:
        response, body = await ingress.ask("/readyz")
        assert (response.status, body["failing"]) == (503, ["durability"])
        assert body["durability"]["mode"] == "off"
