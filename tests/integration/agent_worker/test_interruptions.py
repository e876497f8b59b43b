"""Cancel, drain and a lost lease: what happens to the provider's socket and to the run."""

from __future__ import annotations

import asyncio

import redis.asyncio

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.keys import RUN
from tests.fakes.provider import Received, expected_text
from tests.integration.agent_worker.conftest import SESSION, Bench, text_of, types_of


async def hanging_run(bench: Bench, after: int = 3, **request: object) -> tuple[str, Received]:
    """Start a run whose provider hangs after some tokens, and wait until these are published."""
    run_id = await bench.submit(f"/fake hang after={after}", **request)
    received = await bench.provider.request(len(bench.provider.requests))
    await received.holding.wait()
    text = ""
    async with bench.reader.follow(run_id) as follower:
        while text != expected_text(max(after, 0)):
            text += text_of(await anext(follower))
    return run_id, received


async def test_a_cancel_closes_the_providers_socket_and_ends_the_run(bench: Bench) -> None:
    async with asyncio.timeout(5):
        run_id, received = await hanging_run(bench, session_key=SESSION, ephemeral=False)
        await bench.store.runs.cancel(run_id, reason="user")
        await received.aborted.wait()
        record, events = await bench.ended(run_id)
    assert record.status is RunStatus.CANCELLED
    assert types_of(events)[-1] == "run.cancelled"
    assert events[-1].json() == {"reason": "user"}
    assert await bench.store.sessions.transcript(SESSION) == []


async def test_a_cancel_before_the_providers_first_byte_closes_its_socket(bench: Bench) -> None:
    async with asyncio.timeout(5):
        run_id, received = await hanging_run(bench, after=-1)
        await bench.store.runs.cancel(run_id, reason="disconnect")
        await received.aborted.wait()
        record, _ = await bench.ended(run_id)
    assert record.status is RunStatus.CANCELLED


async def test_a_cancelled_run_leaves_its_session_to_the_next(bench: Bench) -> None:
    async with asyncio.timeout(5):
        run_id, _ = await hanging_run(bench, session_key=SESSION, ephemeral=False)
        following = await bench.submit("hello", session_key=SESSION, ephemeral=False)
        await bench.store.runs.cancel(run_id, reason="user")
        record, _ = await bench.ended(following)
    assert record.status is RunStatus.COMPLETED


async def test_draining_lets_a_run_finish_within_its_time(bench: Bench) -> None:
    async with asyncio.timeout(5):
        run_id, received = await hanging_run(bench)
        draining = asyncio.create_task(bench.worker.drain(5))
        received.proceed.set()
        await draining
        record, events = await bench.ended(run_id)
    assert record.attempt == 1
    assert text_of(events) == expected_text(8)


async def test_draining_hands_an_unfinished_run_to_the_next_worker(bench: Bench) -> None:
    async with asyncio.timeout(10):
        run_id, received = await hanging_run(bench)
        await bench.worker.drain(0)
        await received.aborted.wait()
        other = AgentWorkerService(bench.config, bench.store, worker_id="worker-2")
        await other.start()
        (await bench.provider.request(1)).proceed.set()
        record, events = await bench.ended(run_id)
        await other.stop()
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert text_of(events) == expected_text(3) + expected_text(8)
    assert "run.reset" in types_of(events)


async def test_a_worker_that_lost_its_lease_writes_nothing_more(
    bench: Bench, valkey: redis.asyncio.Redis
) -> None:
    async with asyncio.timeout(10):
        run_id, received = await hanging_run(bench)
        # What a claim by another worker does, as far as this one can see.
        record = bench.store.keys.record(RUN, run_id)
        await valkey.execute_command(  # type: ignore[no-untyped-call]
            "HINCRBY", record, "attempt", 1
        )
        key = bench.store.keys.events(RUN, run_id)
        await valkey.xadd(key, {"run.reset": "{}"}, id="2-99")
        before = await valkey.xlen(key)
        received.proceed.set()
        await received.ended.wait()
        await bench.worker.drain(5)
    assert await valkey.xlen(key) == before
