"""LaneWorker: arq's own jobs, which are cron, deferred jobs and retries, still work."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from arq import Retry, cron
from arq.connections import ArqRedis
from arq.worker import func

from openclaw_common.queue import worker as worker_module
from openclaw_common.queue.job_queue import pack, unpack
from openclaw_common.store.keys import RUN
from openclaw_common.store.store import Store
from tests.integration.queue.support import Fleet, reached
from tests.integration.store.wire import own_server, url_of


def arq_of(store: Store) -> ArqRedis:
    return ArqRedis(
        store.client.pool,
        job_serializer=pack,
        job_deserializer=unpack,
        default_queue_name=store.keys.queue(RUN),
    )


async def queue_is_empty(fleet: Fleet) -> bool:
    return await fleet.bench.redis.zcard(fleet.bench.store.keys.queue(RUN)) == 0


async def test_a_job_that_arq_enqueued_gives_its_result(fleet: Fleet) -> None:
    async def add(ctx: dict[str, Any], a: int, b: int) -> int:
        return a + b

    await fleet.start(functions=[func(add, name="add")])
    job = await arq_of(fleet.bench.store).enqueue_job("add", 2, b=3, _defer_by=0.05)
    assert job is not None
    async with asyncio.timeout(10):
        assert await job.result(poll_delay=0.01) == 5
    assert await queue_is_empty(fleet)


async def test_a_retry_is_executed_again_and_an_error_is_kept(fleet: Fleet) -> None:
    tries: list[int] = []

    async def fail_twice(ctx: dict[str, Any]) -> None:
        tries.append(ctx["job_try"])
        if len(tries) < 3:
            raise Retry(defer=0.01)
        raise ValueError("for good")

    await fleet.start(functions=[func(fail_twice, name="fail_twice")])
    job = await arq_of(fleet.bench.store).enqueue_job("fail_twice")
    assert job is not None
    await reached(lambda: queue_is_empty(fleet))
    assert tries == [1, 2, 3]
    info = await job.result_info()
    assert info is not None
    assert (info.success, "for good" in info.result) == (False, True)


async def test_a_retry_waits_as_long_as_it_asked_however_long_the_job_ran(
    fleet: Fleet,
) -> None:
    begun: list[float] = []

    async def slow(ctx: dict[str, Any]) -> None:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) == 1:
            await asyncio.sleep(0.5)
            raise Retry(defer=0.1)

    await fleet.start(functions=[func(slow, name="slow")])
    await arq_of(fleet.bench.store).enqueue_job("slow")
    await reached(lambda: len(begun) == 2)
    assert 0.6 <= begun[1] - begun[0] < 1.05


async def test_cron_is_executed_once_by_two_workers(fleet: Fleet) -> None:
    ticks: Counter[str] = Counter()

    async def tick(ctx: dict[str, Any]) -> None:
        ticks[ctx["job_id"]] += 1

    for name in ("w1", "w2"):
        await fleet.start(name=name, cron_jobs=[cron(tick, second=set(range(60)))])
    await reached(lambda: len(ticks) >= 3)
    assert set(ticks.values()) == {1}


async def test_a_job_that_drain_interrupts_is_executed_by_the_next_worker(
    fleet: Fleet,
) -> None:
    begun: list[str] = []

    async def wait(ctx: dict[str, Any]) -> None:
        begun.append("begun")
        if len(begun) == 1:
            await asyncio.Event().wait()

    first = await fleet.start(functions=[func(wait, name="wait")])
    await arq_of(fleet.bench.store).enqueue_job("wait")
    await reached(lambda: len(begun) == 1)
    await first.stop()
    await fleet.start(name="w2", functions=[func(wait, name="wait")])
    await reached(lambda: len(begun) == 2)
    await reached(lambda: queue_is_empty(fleet))


async def test_a_job_that_no_worker_knows_yet_is_kept(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "INCOMPATIBLE_DELAY_S", 0.02)
    old = await fleet.start(name="old")
    await arq_of(fleet.bench.store).enqueue_job("new", _job_id="new")

    async def tried() -> bool:
        key = fleet.bench.store.keys.jobs(RUN) + "plain:new"
        return int(await fleet.bench.redis.hget(key, "attempt") or 0) > 1

    await reached(tried)
    await old.stop()
    done = asyncio.Event()

    async def new(ctx: dict[str, Any]) -> None:
        done.set()

    await fleet.start(name="new", functions=[func(new, name="new")])
    async with asyncio.timeout(10):
        await done.wait()
    await reached(lambda: queue_is_empty(fleet))


async def test_cron_outlives_a_restart_of_redis(fleet: Fleet, tmp_path: Path) -> None:
    ticks: list[str] = []

    async def tick(ctx: dict[str, Any]) -> None:
        ticks.append(ctx["job_id"])

    with own_server(tmp_path, appendonly="yes") as server:
        running = await fleet.start(
            url=url_of(server), cron_jobs=[cron(tick, second=set(range(60)))]
        )
        await reached(lambda: len(ticks) >= 1)
        await asyncio.to_thread(server.stop)
        seen = len(ticks)
        await asyncio.sleep(1.1)
        await asyncio.to_thread(server.start)
        await reached(lambda: len(ticks) >= seen + 1)
        assert not running.serving.done()
        await running.stop()
