"""LaneWorker: drain and stop. Nothing is lost, and nothing counts as a crash."""

from __future__ import annotations

import asyncio
from typing import Any

from openclaw_common.contracts.run import RunStatus
from tests.integration.queue.support import Fleet, Gate, complete_run, finish, reached


async def test_drain_takes_nothing_new_and_waits_for_what_runs(fleet: Fleet) -> None:
    gate = Gate()
    running = await fleet.start(gate.execute)
    under_way = await fleet.bench.submit("a")
    await gate.next()
    draining = asyncio.create_task(running.worker.drain(30))
    await asyncio.sleep(0)
    waiting = await fleet.bench.submit("b")
    gate.opened.set()
    await draining
    assert await fleet.bench.status(under_way) is RunStatus.COMPLETED
    assert await fleet.bench.status(waiting) is RunStatus.QUEUED
    assert gate.told == []
    await fleet.start(complete_run, name="w2")
    assert (await fleet.ended(waiting, 3)).attempt == 1


async def test_drain_hands_back_what_does_not_end_in_time(fleet: Fleet) -> None:
    gate = Gate()
    running = await fleet.start(gate.execute)
    run_id = await fleet.bench.submit()
    await gate.next()
    await running.worker.drain(0.05)
    assert gate.told == [(1, None, False, True)]
    assert await fleet.bench.status(run_id) is RunStatus.QUEUED
    await fleet.start(complete_run, name="w2")
    record = await fleet.ended(run_id)
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert await fleet.crashes(run_id) == "0"


async def test_stop_without_drain_hands_back_at_once(fleet: Fleet) -> None:
    gate = Gate()
    running = await fleet.start(gate.execute)
    ids = [await fleet.bench.submit(f"lane-{number}") for number in range(3)]
    for _ in ids:
        await gate.next()
    await running.stop()
    for run_id in ids:
        assert await fleet.bench.status(run_id) is RunStatus.QUEUED
        assert await fleet.crashes(run_id) == "0"


async def test_stopping_at_any_moment_loses_no_run(fleet: Fleet) -> None:
    ids = [await fleet.bench.submit(f"lane-{number}") for number in range(40)]
    for number in range(8):
        running = await fleet.start(complete_run, name=f"brief-{number}", concurrency=3)
        for _ in range(number * 3):
            await asyncio.sleep(0)
        await running.stop()
    await fleet.start(complete_run, name="last")
    for run_id in ids:
        assert (await fleet.ended(run_id)).status is RunStatus.COMPLETED
        assert await fleet.crashes(run_id) == "0"


async def test_a_second_reason_to_stop_does_not_break_off_the_first(fleet: Fleet) -> None:
    settling, go_on = asyncio.Event(), asyncio.Event()

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            settling.set()
            await go_on.wait()
            await ctx["lease"].finish(
                RunStatus.CANCELLED, events=[("run.cancelled", b'{"reason":"user"}')]
            )

    running = await fleet.start(execute)
    run_id = await fleet.bench.submit()
    await reached(lambda: running.worker.executing == 1)
    await fleet.bench.store.runs.cancel(run_id)
    async with asyncio.timeout(10):
        await settling.wait()
    draining = asyncio.create_task(running.worker.drain(0))
    await asyncio.sleep(0)
    go_on.set()
    await draining
    assert (await fleet.ended(run_id)).status is RunStatus.CANCELLED


async def test_a_function_that_takes_no_notice_is_told_again(fleet: Fleet) -> None:
    begun = asyncio.Event()

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    running = await fleet.start(execute, lease_ms=200, renew_ms=60)
    run_id = await fleet.bench.submit()
    async with asyncio.timeout(10):
        await begun.wait()
        await running.worker.drain(0)
    assert await fleet.bench.status(run_id) is RunStatus.QUEUED


async def test_a_finished_worker_leaves_no_connection(fleet: Fleet) -> None:
    await fleet.bench.store.ping()
    before = len(await fleet.bench.redis.client_list())
    running = await fleet.start(complete_run)
    await fleet.ended(await fleet.bench.submit())
    await running.stop()

    async def closed() -> bool:
        return len(await fleet.bench.redis.client_list()) <= before

    await reached(closed)


async def test_a_cancelled_worker_hands_back_what_runs(fleet: Fleet) -> None:
    gate = Gate()
    running = await fleet.start(gate.execute)
    run_id = await fleet.bench.submit()
    await gate.next()
    main = running.worker.main_task
    assert main is not None
    main.cancel()
    await asyncio.wait([running.serving])
    assert await fleet.bench.status(run_id) is RunStatus.QUEUED


async def test_hooks_surround_the_work(fleet: Fleet) -> None:
    journal: list[str] = []

    async def begin(ctx: dict[str, Any]) -> None:
        ctx["resource"] = "open"
        journal.append("begin")

    async def end(ctx: dict[str, Any]) -> None:
        journal.append("end")

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        journal.append(ctx["resource"])
        await finish(ctx["lease"])

    running = await fleet.start(execute, on_startup=begin, on_shutdown=end)
    await fleet.ended(await fleet.bench.submit())
    await running.stop()
    assert journal == ["begin", "open", "end"]
