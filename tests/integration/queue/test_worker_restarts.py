"""LaneWorker while Redis goes away and comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import redis.asyncio

from openclaw_common.contracts.run import RunStatus
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.store import Store
from tests.integration.queue.support import Fleet, Gate, complete_run
from tests.integration.store.support import LONG_LEASE, Bench
from tests.integration.store.wire import own_server, url_of


async def test_a_restart_of_redis_ends_no_worker_and_no_run(fleet: Fleet, tmp_path: Path) -> None:
    with own_server(tmp_path, appendonly="yes") as server:
        url = url_of(server)
        store = await Store.connect(Redis(url=url), LONG_LEASE, role="test")
        plain = redis.asyncio.Redis.from_url(url)
        fleet.bench = Bench(store, plain)
        gate = Gate()
        running = await fleet.start(gate.execute, url=url, renew_ms=100)
        during = await fleet.bench.submit("during")
        await gate.next()
        await asyncio.to_thread(server.stop)
        gate.opened.set()
        await asyncio.to_thread(server.start)
        record = await fleet.ended(during)
        assert (record.status, record.attempt) == (RunStatus.COMPLETED, 1)
        after = await fleet.bench.submit("after")
        assert (await fleet.ended(after)).status is RunStatus.COMPLETED
        assert not running.serving.done()
        await running.stop()
        await store.close()
        await plain.aclose()


async def test_a_worker_may_start_before_redis(fleet: Fleet, tmp_path: Path) -> None:
    with own_server(tmp_path) as server:
        url = url_of(server)
        await asyncio.to_thread(server.stop)
        running = await fleet.start(complete_run, url=url)
        await asyncio.to_thread(server.start)
        store = await Store.connect(Redis(url=url), LONG_LEASE, role="test")
        plain = redis.asyncio.Redis.from_url(url)
        fleet.bench = Bench(store, plain)
        assert (await fleet.ended(await fleet.bench.submit())).status is RunStatus.COMPLETED
        await running.stop()
        await store.close()
        await plain.aclose()
