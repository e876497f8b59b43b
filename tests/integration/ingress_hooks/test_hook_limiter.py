"""The failure limiter of hooks, for all replicas (contract §3.2)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from tests.integration.ingress_hooks.hooked import BEARER, Hooked, config_of, hooked

WRONG = {"Authorization": "Bearer wrong"}
MESSAGE = {"message": "hi"}


async def statuses(gateway: Hooked, headers: dict[str, str], times: int) -> list[int]:
    return [
        (await gateway.post("/agent", MESSAGE, headers=headers))[0].status for _ in range(times)
    ]


async def test_twenty_failures_lock_strangers_out_and_nobody_with_the_token(
    valkey_url: str,
) -> None:
    async with hooked(config_of(valkey_url)) as gateway:
        assert await statuses(gateway, WRONG, 10) == [401] * 10
        assert await statuses(gateway, {}, 10) == [401] * 10
        answer, body = await gateway.post("/agent", MESSAGE, headers=WRONG)
        assert (answer.status, body["ok"]) == (429, False)
        assert body["error"]["message"] == "Too Many Requests"
        assert body["error"]["type"] == "rate_limited"
        assert 55 <= int(answer.headers["Retry-After"]) <= 60
        assert await statuses(gateway, BEARER, 1) == [200]
        assert await statuses(gateway, WRONG, 1) == [401]


async def test_failures_at_one_replica_count_at_the_others(valkey_url: str) -> None:
    config = config_of(valkey_url, {"rateLimit": {"maxAttempts": 4}})
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(hooked(config)) for _ in range(2)]
        assert await statuses(one, WRONG, 2) + await statuses(other, WRONG, 2) == [401] * 4
        assert await statuses(one, WRONG, 1) + await statuses(other, WRONG, 1) == [429] * 2
        assert await statuses(one, BEARER, 1) + await statuses(other, BEARER, 1) == [200] * 2


async def test_the_gateways_own_limiter_does_not_count_hooks(valkey_url: str) -> None:
    limits: dict[str, Any] = {"token": "a-gateway-token", "rateLimit": {"exemptLoopback": False}}
    config = config_of(valkey_url, {"rateLimit": {"maxAttempts": 1}}, gateway={"auth": limits})
    async with hooked(config) as gateway:
        assert await statuses(gateway, WRONG, 2) == [401, 429]
        headers = {"Authorization": "Bearer a-gateway-token"}
        answer, _ = await gateway.ask("GET", "/v1/runs/run_x", headers=headers)
        assert answer.status == 404
