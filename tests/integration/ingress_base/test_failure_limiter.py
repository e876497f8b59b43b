"""The failure limiter over all replicas (contract §0.4)."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis.asyncio

from tests.integration.ingress_base.running import BEARER, WRONG, Ingress, make_config, running

MODELS = "/v1/models"


def _limited(valkey_url: str, **settings: Any) -> Any:
    rate_limit = {"exemptLoopback": False, **settings}
    return make_config(valkey_url, gateway={"auth": {"rateLimit": rate_limit}})


async def _statuses(ingress: Ingress, headers: dict[str, str], times: int) -> list[int]:
    return [(await ingress.ask(MODELS, headers=headers))[0].status for _ in range(times)]


async def test_the_tenth_mismatch_is_401_and_the_next_request_429(valkey_url: str) -> None:
    async with running(_limited(valkey_url)) as ingress:
        assert await _statuses(ingress, WRONG, 10) == [401] * 10
        for headers in (WRONG, BEARER, {}):
            response, body = await ingress.ask(MODELS, headers=headers)
            assert response.status == 429
            assert body["error"]["type"] == "rate_limited"
            assert body["error"]["message"] == (
                "Too many failed authentication attempts. Please try again later."
            )
            assert 295 <= int(response.headers["Retry-After"]) <= 300


async def test_ten_mismatches_over_three_replicas_lock_the_client_on_each(
    valkey_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        config = _limited(valkey_url)
        replicas = [await stack.enter_async_context(running(config)) for _ in range(3)]
        for attempt in range(10):
            assert await _statuses(replicas[attempt % 3], WRONG, 1) == [401]
        for replica in replicas:
            assert await _statuses(replica, BEARER, 1) == [429]


async def test_a_replica_that_saw_no_failure_learns_of_the_lock_within_a_second(
    valkey_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        config = _limited(valkey_url)
        attacked, other = [await stack.enter_async_context(running(config)) for _ in range(2)]
        assert await _statuses(other, BEARER, 1) == [200]
        await _statuses(attacked, WRONG, 10)
        began = time.monotonic()
        while await _statuses(other, BEARER, 1) != [429]:
            assert time.monotonic() - began < 1.5


async def test_requests_without_a_credential_are_not_counted(valkey_url: str) -> None:
    async with running(_limited(valkey_url, maxAttempts=2)) as ingress:
        assert await _statuses(ingress, {}, 6) == [401] * 6
        assert await _statuses(ingress, BEARER, 1) == [200]


async def test_success_resets_the_count_on_all_replicas(valkey_url: str) -> None:
    async with AsyncExitStack() as stack:
        config = _limited(valkey_url, maxAttempts=3)
        one, two = [await stack.enter_async_context(running(config)) for _ in range(2)]
        assert await _statuses(one, WRONG, 2) == [401] * 2
        assert await _statuses(two, BEARER, 1) == [200]
        assert await _statuses(one, WRONG, 2) == [401] * 2
        assert await _statuses(one, BEARER, 1) == [200]


async def test_the_lock_ends_after_the_lockout(valkey_url: str) -> None:
    async with running(_limited(valkey_url, maxAttempts=1, lockoutMs=300)) as ingress:
        assert await _statuses(ingress, WRONG, 1) == [401]
        response, _ = await ingress.ask(MODELS, headers=BEARER)
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
        async with asyncio.timeout(5):
            while await _statuses(ingress, BEARER, 1) == [429]:
                pass
        assert await _statuses(ingress, BEARER, 1) == [200]


async def test_mismatches_older_than_the_window_do_not_count(
    valkey_url: str, valkey: redis.asyncio.Redis
) -> None:
    async with running(_limited(valkey_url, maxAttempts=2, windowMs=100)) as ingress:
        assert await _statuses(ingress, WRONG, 1) == [401]
        async with asyncio.timeout(5):
            while await valkey.keys("*auth*"):
                pass
        assert await _statuses(ingress, WRONG, 1) == [401]
        assert await _statuses(ingress, BEARER, 1) == [200]


async def test_a_burst_of_mismatches_gets_no_more_than_the_allowed_attempts(
    valkey_url: str,
) -> None:
    async with running(_limited(valkey_url)) as ingress:
        answers = await asyncio.gather(*(ingress.ask(MODELS, headers=WRONG) for _ in range(40)))
        statuses = [response.status for response, _ in answers]
        assert statuses.count(401) == 10
        assert statuses.count(429) == 30


async def test_clients_behind_a_trusted_proxy_are_told_apart(valkey_url: str) -> None:
    gateway = {"trustedProxies": ["127.0.0.1"], "auth": {"rateLimit": {"maxAttempts": 2}}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        attacker = {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}
        assert await _statuses(ingress, {**attacker, **WRONG}, 2) == [401] * 2
        assert await _statuses(ingress, {**attacker, **BEARER}, 1) == [429]
        lies = {"X-Forwarded-For": "7.7.7.7, 198.51.100.1"}
        assert await _statuses(ingress, {**lies, **BEARER}, 1) == [429]
        mapped = {"X-Forwarded-For": "[::ffff:198.51.100.1]:4711"}
        assert await _statuses(ingress, {**mapped, **BEARER}, 1) == [429]
        other = {"X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
        assert await _statuses(ingress, {**other, **BEARER}, 1) == [200]


async def test_x_real_ip_is_read_only_where_it_is_allowed(valkey_url: str) -> None:
    gateway = {
        "trustedProxies": ["127.0.0.1"],
        "allowRealIpFallback": True,
        "auth": {"rateLimit": {"maxAttempts": 1}},
    }
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        assert await _statuses(ingress, {"X-Real-IP": "198.51.100.1", **WRONG}, 1) == [401]
        assert await _statuses(ingress, {"X-Real-IP": "198.51.100.1", **BEARER}, 1) == [429]
        assert await _statuses(ingress, {"X-Real-IP": "198.51.100.2", **BEARER}, 1) == [200]


async def test_loopback_is_delayed_ever_longer_instead_of_locked(valkey_url: str) -> None:
    config = make_config(valkey_url, gateway={"auth": {"rateLimit": {"maxAttempts": 1}}})
    async with running(config) as ingress:
        for least in (0.25, 0.5):
            began = time.monotonic()
            assert await _statuses(ingress, WRONG, 1) == [401]
            assert math.floor((time.monotonic() - began) * 100) / 100 >= least
        began = time.monotonic()
        assert await _statuses(ingress, BEARER, 1) == [200]
        assert time.monotonic() - began < 0.25


@pytest.mark.parametrize("headers", [BEARER, WRONG, {}])
async def test_without_redis_nobody_is_let_in_and_everybody_is_told_to_retry(
    unused_port: int, headers: dict[str, str]
) -> None:
    async with running(_limited(f"redis://127.0.0.1:{unused_port}/0")) as ingress:
        response, body = await ingress.ask(MODELS, headers=headers)
        assert response.status == 503
        assert body["error"]["type"] == "api_error"
        assert response.headers["Retry-After"] == "1"
