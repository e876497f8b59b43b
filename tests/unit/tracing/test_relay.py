"""Spans through the supervisor: nothing of a killed process is missing that others hang below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, TracesData

from openclaw_common.runtime import tracing
from openclaw_common.runtime.tracing import Kind, Tracer
from openclaw_common.runtime.tracing_encoding import Origin
from openclaw_common.runtime.tracing_pipeline import Ended, Outlet, Pipeline
from openclaw_common.runtime.tracing_relay import Relay, RelayEnd, relay_pair
from tests.unit.tracing.recorded import attributes

ORIGIN = Origin.of({"service.name": "child"}, "1")
SECRET = "planted-secret"


class Bench:
    """Both ends in one process, and what came out."""

    def __init__(self) -> None:
        self.died = False
        self.ended: list[Ended] = []
        outlet = Outlet("test", self._take, flush_s=0.01, most=1000)
        self.pipeline = Pipeline(Origin.of({"service.name": "supervisor"}, "1"), [outlet])
        ours, self.childs = relay_pair()
        self.end = RelayEnd(ours, self.pipeline)
        self.relay = Relay(self.childs, ORIGIN)
        self.tracer = Tracer(self.relay, secrets=[SECRET])

    async def _take(self, batch: Sequence[Ended]) -> None:
        self.ended += batch

    @property
    def count(self) -> int:
        """How many spans came out."""
        return sum(ended.spans for ended in self.ended)

    async def after_death(self) -> list[Span]:
        """What is known once the child is dead: all that is in its memory is gone."""
        if not self.died:
            self.died = True
            self.childs.close()
            self.end.child_ended()
            await self.pipeline.close(1)
        return [span for item in self.ended for span in ScopeSpans.FromString(item.fields).spans]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.after_death()


async def test_a_span_that_is_open_when_its_process_dies_ends_as_an_error(bench: Bench) -> None:
    with tracing.through(bench.tracer.start("process runs", Kind.CONSUMER, runs=["run_1"])):
        agent = tracing.child("invoke_agent")
        assert agent is not None
        agent.child("chat").end()
    bench.relay.flush()
    found = {span.name: span for span in await bench.after_death()}
    assert set(found) == {"process runs", "invoke_agent", "chat"}
    assert found["chat"].status.code == 0
    for name in ("process runs", "invoke_agent"):
        assert attributes(found[name])["error.type"] == "process_died"
        assert found[name].end_time_unix_nano >= found["chat"].end_time_unix_nano
    assert {item.runs for item in bench.ended} == {("run_1",)}


async def test_what_another_process_is_told_of_is_known_before_it_is_told(bench: Bench) -> None:
    with tracing.through(bench.tracer.start("process runs", Kind.CONSUMER)):
        send = tracing.child("send deliveries")
        with tracing.within(send):
            handed = tracing.handed_on()
    # No flush: the process is killed before its next one.
    found = {span.name: span for span in await bench.after_death()}
    assert handed is not None
    assert found["send deliveries"].span_id == handed.span_id
    assert found["send deliveries"].parent_span_id == found["process runs"].span_id


async def test_past_the_bound_of_spans_another_process_is_told_of_the_last_one(
    bench: Bench,
) -> None:
    tracer = Tracer(bench.relay, max_spans=1)
    with (
        tracing.through(tracer.start("process runs", Kind.CONSUMER)),
        tracing.inside("chat"),
        tracing.inside("too many"),
        tracing.inside("send deliveries"),
    ):
        handed = tracing.handed_on()
    # No flush: the process is killed before its next one.
    found = {span.name: span for span in await bench.after_death()}
    assert handed is not None
    assert set(found) == {"process runs", "chat"}
    assert found["chat"].span_id == handed.span_id


async def test_an_open_span_is_announced_before_long_and_ends_once(bench: Bench) -> None:
    span = bench.tracer.start("process runs", Kind.CONSUMER)
    await asyncio.sleep(0.1)
    span.end()
    bench.relay.flush()
    (found,) = await bench.after_death()
    assert found.status.code == 0


async def test_a_span_that_will_not_end_is_forgotten_on_both_sides(bench: Bench) -> None:
    with tracing.beginning_traces(bench.tracer):
        span = tracing.child_or_root("send runs", Kind.PRODUCER, {})
    assert span is not None
    with tracing.through(span):
        tracing.handed_on()
    span.settle(False)
    bench.relay.flush()
    assert await bench.after_death() == []


async def test_spans_of_one_run_come_together_and_end_what_was_announced(bench: Bench) -> None:
    root = bench.tracer.start("process runs", Kind.CONSUMER, runs=["run_1"])
    root.child("chat").end()
    bench.relay.flush()
    other = bench.tracer.start("process runs", Kind.CONSUMER, runs=["run_2"])
    for span in (root.child("chat"), other.child("chat"), root, other):
        span.end()
    bench.relay.flush()
    assert len(await bench.after_death()) == 5
    assert [(ended.runs, ended.spans) for ended in bench.ended] == [
        (("run_1",), 1),
        (("run_1",), 2),
        (("run_2",), 2),
    ]


async def test_the_spans_are_the_childs_not_the_supervisors(bench: Bench) -> None:
    bench.tracer.start("x", Kind.SERVER).end()
    bench.relay.flush()
    await bench.after_death()
    (item,) = bench.ended
    (part,) = TracesData.FromString(item.origin.around([item.fields])).resource_spans
    assert attributes(part.resource)["service.name"] == "child"


async def test_a_child_never_waits_for_a_supervisor_that_reads_nothing(bench: Bench) -> None:
    for _ in range(3000):
        bench.tracer.start("x" * 3000, Kind.SERVER).end()
        bench.relay.flush()
    assert bench.relay.dropped > 0
    await bench.after_death()


async def test_a_burst_that_a_busy_supervisor_has_not_read_yet_is_not_lost(bench: Bench) -> None:
    for _ in range(900):
        bench.tracer.start("x" * 2000, Kind.SERVER).end()
    bench.relay.flush()
    async with asyncio.timeout(5):
        while bench.count < 900:
            await asyncio.sleep(0.01)
    assert bench.relay.dropped == 0
    assert len(await bench.after_death()) == 900


@pytest.mark.parametrize("said", ["x" * 300_000, "\N{FIRE}" * 100_000, "'\n" * 200_000])
async def test_a_span_with_very_long_texts_comes_through_shortened(bench: Bench, said: str) -> None:
    span = bench.tracer.start("execute_tool " + said, Kind.INTERNAL, {"a": said, "b": said})
    span.put({"openclaw.attempt": 1, "list": [said, said]})
    span.end()
    bench.relay.flush()
    (found,) = await bench.after_death()
    assert found.status.code == 0
    assert found.name.startswith("execute_tool ")
    assert attributes(found)["openclaw.attempt"] == 1
    assert said.startswith(str(attributes(found)["a"])[:1000])
    assert len(str(attributes(found)["a"])) > 1000


async def test_a_span_whose_process_died_holds_no_secret_either(bench: Bench) -> None:
    span = bench.tracer.start("process runs", Kind.CONSUMER, {"input.value": f"a {SECRET}"})
    span.child("chat").end()
    bench.relay.flush()
    died = {span.name: span for span in await bench.after_death()}["process runs"]
    assert attributes(died)["input.value"] == "a [redacted]"
