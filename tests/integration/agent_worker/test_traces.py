"""What the spans of a run say, and what they hold only where the standard switch says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.run import ToolInvocation
from openclaw_common.runtime.known_secrets import secrets_in
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.tracing import Tracer
from tests.integration.agent_worker.conftest import API_KEY, Bench
from tests.unit.tracing.recorded import Recorded, attributes

PLANTED = "planted-in-the-prompt"


@asynccontextmanager
async def traced(
    bench: Bench, *, content: bool = False, metrics: Metrics | None = None
) -> AsyncIterator[Recorded]:
    """Have the bench's runs traced."""
    recorded = Recorded()
    await bench.worker.stop()
    secrets = tuple(secrets_in(bench.config))
    worker = AgentWorkerService(
        bench.config,
        bench.store,
        worker_id="traced",
        metrics=metrics,
        tracer=Tracer(recorded, content=content, secrets=secrets),
    )
    await worker.start()
    try:
        yield recorded
    finally:
        await worker.drain(5)
        await worker.stop()


def named(recorded: Recorded, name: str) -> list[dict[str, Any]]:
    return [attributes(span) for span in recorded.spans if span.name.startswith(name)]


async def test_agent_and_model_say_who_what_and_how_much(bench: Bench) -> None:
    async with traced(bench) as recorded:
        record, _ = await bench.run("hello")
    (process,), (agent,), (chat,) = (
        named(recorded, name) for name in ("process runs", "invoke_agent main", "chat ")
    )
    assert record.result is not None
    usage = record.result.usage
    assert process["openclaw.run_id"] == record.id
    assert process["openclaw.outcome"] == "succeeded"
    assert process["openclaw.time_to_first_token_ms"] >= 0
    assert {"openclaw.queue_wait_ms", "openclaw.lane_wait_ms"} <= set(process)
    assert agent["gen_ai.usage.output_tokens"] == usage.completion_tokens > 0
    assert agent["openinference.span.kind"] == "AGENT"
    assert agent["gen_ai.conversation.id"] == agent["session.id"] == record.session_key
    assert chat["gen_ai.provider.name"] == "fake"
    assert chat["gen_ai.request.model"] == "org/fake-model"
    assert chat["gen_ai.usage.input_tokens"] == usage.prompt_tokens
    assert 0 < chat["gen_ai.response.time_to_first_chunk"] < 5


@pytest.mark.parametrize("content", [False, True])
async def test_what_was_said_stands_in_spans_only_where_that_is_wanted(
    bench: Bench, content: bool
) -> None:
    async with traced(bench, content=content) as recorded:
        await bench.run(f"/fake say {PLANTED} {API_KEY}")
    everything = b"".join(recorded.bodies)
    assert (PLANTED.encode() in everything) is content
    assert API_KEY.encode() not in everything
    if content:
        (agent,) = named(recorded, "invoke_agent main")
        assert PLANTED in str(agent["input.value"])
        assert PLANTED in str(agent["output.value"])


async def test_each_request_to_a_model_has_a_span_and_a_failed_one_says_why(bench: Bench) -> None:
    async with traced(bench) as recorded:
        await bench.run("/fake status code=500 times=1")
    failed, answered = (span for span in recorded.spans if span.name.startswith("chat "))
    assert (failed.status.code, answered.status.code) == (2, 0)
    assert attributes(failed)["error.type"]


async def test_a_run_that_fails_makes_its_attempt_an_error(bench: Bench) -> None:
    async with traced(bench) as recorded:
        await bench.run("/fake status code=400")
    (process,) = (span for span in recorded.spans if span.name == "process runs")
    assert process.status.code == 2
    assert attributes(process)["openclaw.outcome"] == "failed"


@pytest.mark.parametrize(("tool", "named"), [("session_status", "session_status"), ("no", "other")])
async def test_a_tool_that_a_client_calls_is_named_where_there_is_one(
    bench: Bench, tool: str, named: str
) -> None:
    invocation = ToolInvocation(tool, "{}", "agent:main:main", "call-1", by_owner=True)
    async with traced(bench) as recorded:
        await bench.run(source="tools", tool=invocation)
    (span,) = (span for span in recorded.spans if "execute_tool" in span.name)
    assert span.name == f"execute_tool {named}"
    assert attributes(span)["gen_ai.tool.name"] == named
