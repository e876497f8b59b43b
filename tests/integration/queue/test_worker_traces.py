"""LaneWorker: each attempt has one span, which ends with how the attempt did."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.contracts.errors import IdempotencyConflict, StoreUnavailable
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, Turn
from openclaw_common.queue.job_queue import Idempotency, RunQueue
from openclaw_common.runtime import tracing
from openclaw_common.runtime.propagation import TraceContext, attempt_span_id
from openclaw_common.runtime.tracing import Kind, Tracer
from tests.integration.queue.support import Fleet, Gate, complete_run, reached
from tests.unit.tracing.recorded import Recorded, attributes


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def ended(recorded: Recorded) -> list[tuple[object, object, int]]:
    """Outcome, error and status of each attempt."""
    told = [(attributes(span), span.status.code) for span in recorded.spans if span.kind == 5]
    return [(said.get("openclaw.outcome"), said.get("error.type"), code) for said, code in told]


async def test_an_attempt_whose_function_raises_is_an_error(
    fleet: Fleet, recorded: Recorded
) -> None:
    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        raise ZeroDivisionError

    await fleet.start(execute, tracer=Tracer(recorded))
    await fleet.ended(await fleet.bench.submit())
    await reached(lambda: bool(recorded.spans))
    assert ended(recorded) == [("failed", "ZeroDivisionError", 2)]


async def test_an_attempt_that_is_handed_back_is_none(fleet: Fleet, recorded: Recorded) -> None:
    gate = Gate()
    running = await fleet.start(gate.execute, tracer=Tracer(recorded))
    await fleet.bench.submit()
    await gate.next()
    await running.worker.drain(0.05)
    assert ended(recorded) == [("released", None, 0)]


async def test_neither_is_one_that_the_store_left_alone(fleet: Fleet, recorded: Recorded) -> None:
    async def execute(ctx: dict[str, Any], run_id: str) -> None:
        raise StoreUnavailable

    await fleet.start(execute, tracer=Tracer(recorded))
    await fleet.bench.submit()
    await reached(lambda: bool(recorded.spans))
    assert ended(recorded) == [("released", None, 0)]


async def test_a_request_whose_run_is_refused_is_kept_with_none(
    fleet: Fleet, recorded: Recorded
) -> None:
    queue, run_id = RunQueue(fleet.bench.store), new_run_id()
    request = RunRequest("main", "agent:main:a", "api", "openclaw", Turn("user", "hi"))
    with tracing.within(Tracer(recorded).start("POST", Kind.SERVER)) as server:
        await queue.submit(run_id, request, idempotency=Idempotency("runs", "key", "one"))
        with pytest.raises(IdempotencyConflict):
            await queue.submit(
                new_run_id(), request, idempotency=Idempotency("runs", "key", "other")
            )
    assert server is not None
    assert server.runs == [run_id]
    assert [span.runs for span in recorded.begins if span.name == "send runs"] == [[run_id], []]


async def test_a_later_attempt_links_to_the_first_and_to_what_the_run_repeats(
    fleet: Fleet, recorded: Recorded
) -> None:
    tracer, repeats = Tracer(recorded), TraceContext(b"r" * 16, b"s" * 8)
    request = RunRequest("main", "agent:main:a", "api", "openclaw", Turn("user", "hi"))
    with tracing.within(tracer.start("POST", Kind.SERVER)) as server:
        assert server is not None
        admitted = await RunQueue(fleet.bench.store).submit(new_run_id(), request, repeats=repeats)
    gate = Gate()
    running = await fleet.start(gate.execute, tracer=tracer)
    await gate.next()
    await running.worker.drain(0.05)
    await fleet.start(complete_run, name="w2", tracer=tracer)
    await fleet.ended(admitted.id)
    await reached(lambda: len(ended(recorded)) == 2)
    first, second = (span for span in recorded.spans if span.kind == 5)
    own = attempt_span_id(server.trace.trace_id, admitted.id, 1)
    assert first.span_id == own
    assert [link.span_id for link in first.links] == [b"s" * 8]
    assert [link.span_id for link in second.links] == [b"s" * 8, own]
    assert second.parent_span_id == first.parent_span_id
