"""The limits of API keys: counted in the steps that accept, claim and end runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from openclaw_common.contracts.api_key import KeyLimits
from openclaw_common.contracts.errors import RateLimited
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunResult, RunStatus, Usage
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.accounts import Account, on_account_of
from openclaw_common.queue.job_queue import Admitted, Idempotency, Replayed, RunQueue
from openclaw_common.store.accounting import LimitState
from openclaw_common.store.leases import Lease
from tests.integration.store.support import Bench, request

KEY = "key_1"


class Caller:
    """A key with limits that asks for runs."""

    def __init__(self, bench: Bench, **limits: int) -> None:
        self.told: list[LimitState] = []
        self.account = Account(KEY, limits=KeyLimits(**limits), report=self.told.append)
        self._queue = RunQueue(bench.store)

    async def ask(self, session: str = "", **options: Any) -> Admitted | Replayed:
        run_id = new_run_id()
        with on_account_of(self.account):
            key = session or f"agent:main:{run_id}"
            return await self._queue.submit(run_id, request(key), **options)

    async def refused(self, **options: Any) -> RateLimited:
        with pytest.raises(RateLimited) as caught:
            await self.ask(**options)
        return caught.value


async def complete(lease: Lease, tokens: int = 0) -> None:
    usage = Usage(total_tokens=tokens)
    events = [(RUN_COMPLETED, b"{}")]
    await lease.finish(RunStatus.COMPLETED, events=events, result=RunResult("ok", usage=usage))


async def test_exactly_the_requests_of_a_minute_are_accepted_of_many_at_once(bench: Bench) -> None:
    caller = Caller(bench, requests_per_minute=100)
    outcomes = await asyncio.gather(*(caller.ask() for _ in range(300)), return_exceptions=True)
    assert sum(isinstance(outcome, Admitted) for outcome in outcomes) == 100
    refusals = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert len(refusals) == 200
    assert all(0 < (error.retry_after_s or 0) <= 60 for error in refusals)


async def test_a_request_is_forgotten_after_a_minute(bench: Bench) -> None:
    caller = Caller(bench, requests_per_minute=2)
    await caller.ask()
    await caller.ask()
    await caller.refused()
    usage = bench.store.keys.api_key_usage(KEY)
    client = bench.store.client
    counted = await client.execute("HGETALL", usage)
    await client.execute("DEL", usage)
    for second, count in zip(counted[::2], counted[1::2], strict=True):
        await client.execute("HSET", usage, int(second) - 60, int(count))
    await caller.ask()
    assert caller.told[-1].requests == 1


async def test_a_replay_is_never_refused_and_counts_nothing(bench: Bench) -> None:
    caller = Caller(bench, requests_per_minute=1)
    once = Idempotency("chat", "k", "f")
    first = await caller.ask(idempotency=once)
    for _ in range(3):
        again = await caller.ask(idempotency=once)
        assert again == Replayed(first.id)
    await caller.refused()


async def test_tokens_of_ended_runs_use_up_the_day(bench: Bench) -> None:
    caller = Caller(bench, tokens_per_day=100)
    await caller.ask()
    await complete(await bench.claim_one(), tokens=60)
    await caller.ask()
    await complete(await bench.claim_one(), tokens=60)
    error = await caller.refused()
    assert caller.told[-1].tokens == 120
    assert 0 < (error.retry_after_s or 0) <= 86_400


async def test_queued_runs_are_bounded_and_there_is_room_when_one_is_claimed(bench: Bench) -> None:
    caller = Caller(bench, queued_runs=2)
    await caller.ask()
    await caller.ask()
    await caller.refused()
    await bench.claim(limit=1)
    await caller.ask()
    await caller.refused()


async def test_no_more_runs_of_a_key_are_in_progress_than_it_may_have(bench: Bench) -> None:
    caller = Caller(bench, runs_in_progress=2)
    asked = {(await caller.ask()).id for _ in range(5)}
    done: set[str] = set()
    while len(done) < 5:
        leases = await bench.claim(limit=10)
        assert len(leases) == min(2, 5 - len(done))
        assert await bench.claim(limit=10) == []
        for lease in leases:
            await complete(lease)
            done.add(lease.id)
    assert done == asked


async def test_a_parked_run_keeps_nobody_else_waiting(bench: Bench) -> None:
    caller = Caller(bench, runs_in_progress=1)
    for _ in range(3):
        await caller.ask()
    other = await bench.submit("another")
    claimed = [lease.id for lease in await bench.claim(limit=10)]
    claimed += [lease.id for lease in await bench.claim(limit=10)]
    assert len(claimed) == 2
    assert other in claimed


async def test_a_parked_run_can_be_cancelled(bench: Bench) -> None:
    caller = Caller(bench, runs_in_progress=1)
    asked = [(await caller.ask()).id for _ in range(3)]
    lease = await bench.claim_one()
    for run_id in asked:
        if run_id != lease.id:
            await bench.store.runs.cancel(run_id)
    await complete(lease)
    assert await bench.claim(limit=10) == []
    assert await bench.redis.exists(bench.store.keys.parked(KEY)) == 0


@pytest.mark.parametrize("death", ["lease", "worker", "handed back", "again and again"])
async def test_crashes_leave_no_run_counted_that_is_not_there(bench: Bench, death: str) -> None:
    caller = Caller(bench, runs_in_progress=1)
    first, second = (await caller.ask()).id, (await caller.ask()).id
    lease = await bench.claim_one("w1")
    if death == "lease":
        lease = await bench.crash(lease.id)
    elif death == "worker":
        await bench.store.leases.release_worker("w1")
    elif death == "handed back":
        await lease.release()
    else:
        for _ in range(5):
            await bench.lapse(lease.id)
            await bench.claim("w2")
        await bench.store.leases.release_worker("w2")
    done: set[str] = set()
    if death == "lease":
        await complete(lease)
        done.add(lease.id)
    for _ in range(5):
        for each in await bench.claim("w3", limit=10):
            await complete(each)
            done.add(each.id)
    assert done or await bench.status(first) is RunStatus.FAILED
    assert {(await bench.record(run_id)).status.terminal for run_id in (first, second)} == {True}
    keys = bench.store.keys
    assert await bench.redis.exists(keys.runs_of_key(KEY), keys.parked(KEY)) == 0


async def test_a_key_without_limits_counts_nothing(bench: Bench) -> None:
    caller = Caller(bench)
    caller.account = replace(caller.account, limits=KeyLimits())
    await caller.ask()
    assert caller.told == []
    assert await bench.redis.exists(bench.store.keys.api_key_usage(KEY)) == 0
