"""Of a trace all spans are there or none, whoever decides which traces are recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.fakes.channels.faults import Fault
from tests.fakes.otlp import CollectedSpan, orphans
from tests.system.tracing.conftest import Traced, gateway
from tests.system.tracing.test_one_trace import PARENTS

HALF = {"OTEL_TRACES_SAMPLER_ARG": "0.5"}
HOOKS = 8
SPANS = set(PARENTS) - {"execute_tool session_status"}
TRACES = [f"{number:016x}{'f' if number % 2 else '0'}{1:015x}" for number in range(1, 5)]
"""Trace ids, of which a ratio of a half takes the second and the fourth."""
FLAGS = dict(zip(TRACES, ("00", "00", "01", "01"), strict=True))
"""What a caller says of them; the last one is recorded either way."""


def by_ratio(trace_id: str) -> bool:
    """What TraceIdRatioBased says of a ratio of a half."""
    return int(trace_id[16:], 16) < 1 << 63


def has(names: set[str]) -> Callable[[Sequence[CollectedSpan]], bool]:
    """Whether spans of all these names are there, and what is above them in the gateway."""

    def are_there(spans: Sequence[CollectedSpan]) -> bool:
        whole = all(span.kind == "SERVER" for span in orphans(spans))
        return whole and {span.name for span in spans} >= names

    return are_there


async def all_sent(traced: Traced, sent: Mapping[str, str]) -> None:
    """Return once the messages of all runs are sent."""

    async def none_is_open() -> bool:
        for run_id in sent:
            run = await traced.get(f"/v1/runs/{run_id}?wait=20")
            (delivery_id,) = run["delivery"]["ids"]
            if (await traced.get(f"/v1/deliveries/{delivery_id}"))["status"] != "delivered":
                return False
        return True

    await traced.fleet.until(none_is_open, "every delivery has ended")


async def test_every_trace_is_whole_or_absent(tmp_path: Path) -> None:
    environ = {**HALF, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}
    async with gateway(tmp_path, environ=environ) as traced:
        traced.telegram.plan(Fault.server_error(), None, Fault.server_error())
        sent = {}
        for number in range(HOOKS):
            body, headers = await traced.hook(f"/fake say {number}", to=f"4{number}")
            sent[body["runId"]] = headers["x-trace-id"]
        await all_sent(traced, sent)
        for run_id, trace_id in sent.items():
            if by_ratio(trace_id):
                await traced.collector.trace(trace_id, has(SPANS))
            else:
                kept = await traced.get(f"/v1/runs/{run_id}/trace")
                assert kept["error"]["code"] == "trace_not_available"
                assert "OTEL_TRACES_SAMPLER" in kept["error"]["message"]
        recorded = {span.trace_id for span in traced.collector.spans}
        assert {one for one in sent.values() if by_ratio(one)} == recorded & set(sent.values())


@pytest.mark.parametrize("sampler", ["traceidratio", "parentbased_traceidratio"])
async def test_a_callers_decision_holds_where_the_sampler_asks_for_it(
    tmp_path: Path, sampler: str
) -> None:
    environ = {**HALF, "OTEL_TRACES_SAMPLER": sampler}
    wanted = {
        trace_id
        for trace_id, flag in FLAGS.items()
        if (flag == "01" if sampler.startswith("parent") else by_ratio(trace_id))
    }
    async with gateway(tmp_path, environ=environ) as traced:
        for trace_id, flag in FLAGS.items():
            given = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-{flag}"}
            asked = {"input": "/fake say hello"}
            _, headers = await traced.ask("POST", "/v1/runs", asked, given)
            assert headers["x-trace-id"] == trace_id
        for trace_id in wanted:
            await traced.collector.trace(trace_id, has({"POST /v1/runs", "process runs"}))
        assert {span.trace_id for span in traced.collector.spans} & set(FLAGS) == wanted
