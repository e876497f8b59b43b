"""LaneWorker: cancellations and leases; when a job function is interrupted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store import scripts
from openclaw_common.store.keys import RUN
from openclaw_common.store.runs import CancelOutcome
from tests.integration.queue.support import Fleet, Gate, blocked_clients, complete_run, reached
from tests.integration.store.wire import proxied


async def test_a_cancelled_run_is_interrupted_at_once(fleet: Fleet) -> None:
    gate = Gate()
    await fleet.start(gate.execute)
    run_id = await fleet.bench.submit()
    await gate.next()
    assert await fleet.bench.store.runs.cancel(run_id) is CancelOutcome.CANCELLING
    # Renewals are 20 s apart: only the control list can have told it.
    record = await fleet.ended(run_id, 2)
    assert (record.status, record.cancel_reason) == (RunStatus.CANCELLED, "user")
    assert gate.told == [(1, "user", False, False)]


async def test_a_run_whose_readers_left_is_cancelled_by_its_renewal(fleet: Fleet) -> None:
    gate = Gate()
    await fleet.start(gate.execute, renew_ms=50)
    run_id = await fleet.bench.submit()
    await gate.next()
    await fleet.bench.redis.hset(fleet.bench.store.keys.record(RUN, run_id), "abandon_ms", 1)
    assert (await fleet.ended(run_id)).cancel_reason == "disconnect"


async def test_a_run_that_was_lost_is_interrupted_and_writes_nothing(fleet: Fleet) -> None:
    gate = Gate()
    await fleet.start(gate.execute, renew_ms=50, concurrency=1)
    run_id = await fleet.bench.submit()
    await gate.next()
    leases = fleet.bench.store.leases
    async with asyncio.timeout(10):
        while True:
            await fleet.bench.lapse(run_id)
            if (await leases.claim("thief", 1, idle=False)).jobs:
                break
    async with asyncio.timeout(10):
        await gate.interrupted.wait()
    assert gate.told == [(1, None, True, False)]
    record = await fleet.bench.record(run_id)
    assert (record.status, record.attempt) == (RunStatus.IN_PROGRESS, 2)


async def test_a_worker_cut_off_gives_its_runs_up_before_their_leases_end(
    fleet: Fleet,
) -> None:
    gate, loop = Gate(), asyncio.get_running_loop()
    async with proxied(fleet.url) as proxy:
        running = await fleet.start(
            gate.execute, url=proxy.url, lease_ms=800, renew_ms=200, timeout_ms=1000
        )
        run_id = await fleet.bench.submit()
        await gate.next()
        proxy.hold()
        cut = loop.time()
        async with asyncio.timeout(10):
            await gate.interrupted.wait()
        assert loop.time() - cut < 0.8
        assert gate.told == [(1, None, True, False)]
        gate.opened.set()
        proxy.lift()
        record = await fleet.ended(run_id)
        assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
        await running.stop()


async def test_a_worker_that_gets_its_own_expired_job_ends_the_old_attempt_first(
    fleet: Fleet,
) -> None:
    journal: list[str] = []
    second_begun = asyncio.Event()

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        lease = ctx["lease"]
        journal.append(f"begin {lease.attempt}")
        if lease.attempt == 2:
            second_begun.set()
            return await complete_run(ctx, run_id)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            journal.append(f"end {lease.attempt}")

    await fleet.start(execute)
    run_id = await fleet.bench.submit()
    await reached(lambda: journal == ["begin 1"])
    await reached(lambda: _waiting(fleet))
    await fleet.bench.lapse(run_id)
    await fleet.bench.store.leases.wake()
    async with asyncio.timeout(10):
        await second_begun.wait()
    assert journal == ["begin 1", "end 1", "begin 2"]
    assert (await fleet.ended(run_id)).attempt == 2


async def _waiting(fleet: Fleet) -> bool:
    return await blocked_clients(fleet.bench.redis) == 2


async def test_a_claim_whose_answer_was_lost_strands_nothing(fleet: Fleet) -> None:
    async with proxied(fleet.url) as proxy:
        running = await fleet.start(complete_run, url=proxy.url)
        await fleet.ended(await fleet.bench.submit("first"))
        proxy.lose_reply_to = scripts.load("claim").name.encode()
        run_id = await fleet.bench.submit("second")
        record = await fleet.ended(run_id, 5)
        assert proxy.lost.is_set()
        assert record.status is RunStatus.COMPLETED
        assert await fleet.crashes(run_id) == "0"
        await running.stop()


async def test_a_finish_whose_answer_was_lost_is_done_once(fleet: Fleet) -> None:
    async with proxied(fleet.url) as proxy:
        running = await fleet.start(complete_run, url=proxy.url)
        await fleet.ended(await fleet.bench.submit("first"))
        proxy.lose_reply_to = scripts.load("finish").name.encode()
        run_id = await fleet.bench.submit("second")
        await fleet.ended(run_id)
        await reached(lambda: running.worker.executing == 0)
        assert [kind for *_, kind in await fleet.bench.events(run_id)] == [
            "run.queued",
            "run.in_progress",
            "run.completed",
        ]
        await running.stop()


async def test_renewals_that_cross_the_end_of_a_run_call_nothing_lost(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    await fleet.start(complete_run, renew_ms=1, concurrency=50)
    ids = [await fleet.bench.submit(f"lane-{number}") for number in range(300)]
    for run_id in ids:
        assert (await fleet.ended(run_id)).status is RunStatus.COMPLETED
    assert "lease_lost" not in caplog.text


async def test_a_job_that_cannot_be_read_is_reported_and_others_are_executed(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await fleet.bench.submit("broken")
    await fleet.bench.redis.hdel(fleet.bench.store.keys.record(RUN, broken), "crashes")
    await fleet.start(complete_run)
    assert (await fleet.ended(await fleet.bench.submit())).status is RunStatus.COMPLETED
    assert "job_unreadable" in caplog.text
