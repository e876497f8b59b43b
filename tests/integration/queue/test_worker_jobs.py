"""LaneWorker: which jobs it executes, when, and what becomes of those it cannot."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run import RunStatus, SchemaNotSupported
from openclaw_common.queue import worker as worker_module
from openclaw_common.queue.job_queue import pack
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.store.keys import ARQ_JOB_PREFIX, RUN
from tests.integration.queue.support import Fleet, Gate, complete_run, finish, reached
from tests.unit.tracing.recorded import Recorded

pytestmark = pytest.mark.usefixtures("brief_delays")


@pytest.fixture
def brief_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed back for others is due again soon."""
    monkeypatch.setattr(worker_module, "INCOMPATIBLE_DELAY_S", 0.02)
    monkeypatch.setattr(worker_module, "UNAVAILABLE_DELAY_S", 0.02)


async def test_a_run_is_executed_under_its_lease(fleet: Fleet) -> None:
    seen: list[tuple[str, int, str]] = []

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        seen.append((run_id, ctx["lease"].attempt, ctx["own"]))
        await finish(ctx["lease"], "text")

    await fleet.start(execute, ctx={"own": "context"})
    run_id = await fleet.bench.submit()
    record = await fleet.ended(run_id)
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 1)
    assert seen == [(run_id, 1, "context")]


async def test_no_more_runs_are_executed_at_once_than_allowed(fleet: Fleet) -> None:
    gate = Gate()
    running = await fleet.start(gate.execute, concurrency=2)
    ids = [await fleet.bench.submit(f"lane-{number}") for number in range(6)]
    for _ in range(2):
        await gate.next()
    assert running.worker.executing == 2
    assert gate.begun.empty()
    gate.opened.set()
    for run_id in ids:
        assert (await fleet.ended(run_id)).status is RunStatus.COMPLETED
    await reached(lambda: running.worker.executing == 0)


async def test_runs_of_a_lane_keep_their_order_over_all_workers(fleet: Fleet) -> None:
    journal: dict[str, list[tuple[str, str]]] = defaultdict(list)

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        lane = (await fleet.bench.record(run_id)).session_key
        journal[lane].append(("begin", run_id))
        await asyncio.sleep(0.001)
        journal[lane].append(("end", run_id))
        await finish(ctx["lease"])

    for name in ("w1", "w2", "w3"):
        await fleet.start(execute, name=name, concurrency=3)
    submitted: dict[str, list[str]] = defaultdict(list)
    for number in range(60):
        lane = f"lane-{number % 4}"
        submitted[lane].append(await fleet.bench.submit(lane))
    for lane, ids in submitted.items():
        await fleet.ended(ids[-1])
        assert journal[lane] == [(what, one) for one in ids for what in ("begin", "end")]


async def raise_error(ctx: dict[str, Any], run_id: str) -> None:
    raise ZeroDivisionError("a fault of the function")


async def leave_unsettled(ctx: dict[str, Any], run_id: str) -> None:
    return


async def cancel_itself(ctx: dict[str, Any], run_id: str) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("function", [raise_error, leave_unsettled, cancel_itself])
async def test_a_function_that_does_not_settle_its_run_fails_it(
    fleet: Fleet, function: Any
) -> None:
    await fleet.start(function)
    run_id = await fleet.bench.submit("lane")
    follower = await fleet.bench.submit("lane")
    record = await fleet.ended(run_id)
    assert (record.status, record.attempt) == (RunStatus.FAILED, 1)
    assert record.error is not None
    assert (record.error.status, record.error.message) == (500, "Internal error")
    await fleet.ended(follower)


@pytest.mark.parametrize("error", [StoreUnavailable(), SchemaNotSupported("schema 2")])
async def test_a_run_that_this_worker_cannot_execute_now_is_handed_back(
    fleet: Fleet, error: Exception
) -> None:
    errors = [error]

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        if errors:
            raise errors.pop()
        await finish(ctx["lease"])

    await fleet.start(execute)
    record = await fleet.ended(await fleet.bench.submit())
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert await fleet.crashes(record.id) == "0"


async def test_a_job_that_one_worker_does_not_know_waits_for_one_that_does(
    fleet: Fleet,
) -> None:
    old = await fleet.start(name="old")
    run_id = await fleet.bench.submit()

    async def handed_back() -> bool:
        return int(await fleet.bench.field(run_id, "incompatible") or 0) > 0

    await reached(handed_back)
    await old.stop()
    await fleet.start(complete_run, name="new")
    assert (await fleet.ended(run_id)).status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfe garbage",
        pack(["no", "job"]),
        pack({"f": ["list"], "a": [], "k": {}, "t": None, "et": 0}),
        pack({"f": "execute_run", "a": None, "k": {}, "t": None, "et": 0}),
        pack({"f": "execute_run", "a": ["too", "many"], "k": {"x": 1}, "t": None, "et": 0}),
    ],
)
@pytest.mark.parametrize("tracer", [None, Tracer(Recorded())], ids=["untraced", "traced"])
async def test_an_arq_job_that_makes_no_sense_is_never_destroyed(
    fleet: Fleet, garbage: bytes, tracer: Tracer | None
) -> None:
    run_id = await fleet.bench.submit()
    key = ARQ_JOB_PREFIX + fleet.bench.store.keys.job_id(run_id)
    sense = await fleet.bench.redis.get(key)
    await fleet.bench.redis.set(key, garbage)
    await fleet.start(complete_run, tracer=tracer)

    async def handed_back() -> bool:
        return int(await fleet.bench.field(run_id, "incompatible") or 0) > 1

    await reached(handed_back)
    assert sense is not None
    await fleet.bench.redis.set(key, sense)
    assert (await fleet.ended(run_id)).status is RunStatus.COMPLETED


async def test_a_quarantined_run_waits_for_an_idle_worker_and_then_runs_alone(
    fleet: Fleet,
) -> None:
    bench = fleet.bench
    suspect = await bench.submit("suspect")
    await bench.redis.hset(bench.store.keys.record(RUN, suspect), "crashes", 2)
    assert await bench.claim() == []
    long, alone = Gate(), Gate()

    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        await (alone if run_id == suspect else long).execute(ctx, run_id)

    await bench.redis.zadd(
        bench.store.keys.quarantine(RUN), {bench.store.keys.job_id(suspect): 9e15}
    )
    running = await fleet.start(execute)
    before = await bench.submit("before")
    assert (await long.next()).id == before
    await bench.lapse(suspect)
    await bench.submit("after")
    reserved = bench.store.keys.quarantine(RUN) + ":reserved"
    await reached(lambda: _exists(fleet, reserved))
    assert long.begun.empty()
    long.opened.set()
    assert (await alone.next()).id == suspect
    assert running.worker.executing == 1
    assert long.begun.empty()
    alone.opened.set()
    assert (await fleet.ended(suspect)).status is RunStatus.COMPLETED
    await long.next()


async def _exists(fleet: Fleet, key: str) -> bool:
    return bool(await fleet.bench.redis.exists(key))
