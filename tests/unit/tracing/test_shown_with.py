"""With which runs a span is shown: those that it is about, and no other's."""

from __future__ import annotations

import pytest

from openclaw_common.queue.job_trace import not_sent, start_send
from openclaw_common.runtime import tracing
from openclaw_common.runtime.tracing import Kind, Tracer
from tests.unit.tracing.recorded import Recorded


@pytest.fixture
def tracer() -> Tracer:
    return Tracer(Recorded())


def test_of_a_request_for_many_runs_each_is_shown_with_its_own_and_the_request_with_all(
    tracer: Tracer,
) -> None:
    with tracing.within(tracer.start("POST /hooks/many", Kind.SERVER)) as server:
        sent = [start_send("run", run_id, run_id) for run_id in ("run_1", "run_2", "run_3")]
        not_sent(sent[1], "run_0")
    assert server is not None
    assert [span.runs for span in sent if span is not None] == [["run_1"], [], ["run_3"]]
    assert server.runs == ["run_1", "run_3"]


def test_what_did_not_come_to_be_is_shown_with_nothing(tracer: Tracer) -> None:
    with tracing.within(tracer.start("POST /v1/cron/{id}/run", Kind.SERVER)) as server:
        span = start_send("run", "run_1", "run_1")
        assert span is not None
        span.settle(False)
    assert server is not None
    assert server.runs == []


def test_what_a_run_sends_is_shown_with_both(tracer: Tracer) -> None:
    with tracing.within(tracer.start("process runs", Kind.CONSUMER, runs=["run_1"])) as process:
        run = start_send("run", "run_2", "run_2")
        again = start_send("run", "run_3", "run_3")
        delivery = start_send("delivery", "dlv_1", "run_1")
        not_sent(again, "run_0")
    assert process is not None
    assert run is not None
    assert again is not None
    assert delivery is not None
    assert (run.runs, again.runs) == (["run_1", "run_2"], ["run_1"])
    assert delivery.runs == process.runs == ["run_1"]
