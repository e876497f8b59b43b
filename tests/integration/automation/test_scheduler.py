"""The scheduler's loop: it wakes when something is due, outlives Redis' absence, and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from openclaw_agent_worker.scheduler import LOOK_AGAIN_S, Scheduler
from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from tests.harness.proxy import Proxy
from tests.integration.automation.support import MAIN, Bench

SOON = {"kind": "every", "everyMs": 150}


@asynccontextmanager
async def _running(config: Config, redis_url: str) -> AsyncIterator[Scheduler]:
    """A scheduler that is stopped, and ends, at the end."""
    redis = config.redis.model_validate({"url": redis_url, "timeoutMs": 300})
    store = await Store.connect(redis, config.runs, role="scheduler")
    scheduler = Scheduler(config, store)
    serving = asyncio.create_task(scheduler.run())
    try:
        yield scheduler
        scheduler.stop()
        async with asyncio.timeout(LOOK_AGAIN_S / 2):
            await serving
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await store.close()


def _url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


async def _until_runs(bench: Bench, count: int) -> None:
    async with asyncio.timeout(5):
        while len(await bench.run_ids()) < count:
            await bench.store.ping()


async def test_it_plans_first_and_then_fires_what_becomes_due(
    bench: Bench, valkey_url: str
) -> None:
    await bench.put(schedule=SOON)
    async with _running(bench.config, valkey_url):
        await _until_runs(bench, 3)
    assert await bench.due("heartbeat:main") is not None
    ticks = [past.tick_ms for past in reversed(await bench.history())]
    late = [past.at_ms - past.tick_ms for past in await bench.history()]
    assert ticks == sorted(set(ticks))
    assert max(late) < 1000 * LOOK_AGAIN_S


async def test_a_wake_is_fired_without_waiting_for_a_look(bench: Bench, valkey_url: str) -> None:
    async with _running(bench.config, valkey_url):
        async with asyncio.timeout(5):
            while await bench.due("heartbeat:main") is None:
                await bench.store.ping()
        await bench.store.system_events.push(MAIN, "main", "look", wake=True)
        async with asyncio.timeout(LOOK_AGAIN_S / 4):
            await _until_runs(bench, 1)


@pytest.mark.parametrize("fault", ["lose", "hold", "reset"])
async def test_it_goes_on_when_redis_was_away(
    bench: Bench, valkey_url: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(valkey_url.rsplit(":", 1)[1].partition("/")[0])
    await bench.put("a", schedule=SOON)
    async with Proxy(port) as proxy, _running(bench.config, _url(proxy.port)):
        await _until_runs(bench, 1)
        getattr(proxy, fault)()
        before = len(await bench.run_ids())
        async with asyncio.timeout(10):
            while fault != "reset" and "redis_unavailable" not in caplog.messages:
                await bench.store.ping()
        proxy.heal()
        await _until_runs(bench, before + 2)
    past = await bench.history("a")
    assert len({tick.tick_ms for tick in past}) == len(past)


async def test_it_stops_at_once_while_it_waits(bench: Bench, valkey_url: str) -> None:
    async with _running(bench.config, valkey_url):
        async with asyncio.timeout(5):
            while await bench.due("heartbeat:main") is None:
                await bench.store.ping()
