"""Promise 9: one trace from the webhook to the sent message, also over the death of a worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from tests.fakes.channels.telegram_people import private
from tests.fakes.otlp import CollectedSpan, orphans
from tests.system.tracing.conftest import Traced

PARENTS = {
    "POST /hooks/agent": None,
    "send runs": "POST /hooks/agent",
    "process runs": "send runs",
    "invoke_agent main": "process runs",
    "chat fake": "invoke_agent main",
    "execute_tool session_status": "invoke_agent main",
    "send deliveries": "process runs",
    "process deliveries": "send deliveries",
    "send telegram": "process deliveries",
}
"""Each span of a hook with one tool call and one message, and what it is below."""


def tree(spans: Sequence[CollectedSpan]) -> set[tuple[str, str | None]]:
    names = {span.span_id: span.name for span in spans}
    return {(span.name, names.get(span.parent_id)) for span in spans}


def is_whole(spans: Sequence[CollectedSpan]) -> bool:
    return set(PARENTS) <= {span.name for span in spans} and not orphans(spans)


async def test_a_hook_with_delivery_is_one_trace_from_the_request_to_the_message(
    traced: Traced,
) -> None:
    body, headers = await traced.hook("/fake tool name=session_status args={}")
    trace_id = headers["x-trace-id"]
    await traced.telegram.taken(1)
    spans = await traced.collector.trace(trace_id, is_whole)
    assert len(spans) >= 9
    assert tree(spans) == set(PARENTS.items())
    assert {span.service for span in spans} == {
        "openclaw-ingress",
        "openclaw-agent-worker",
        "openclaw-delivery",
    }
    run = await traced.get(f"/v1/runs/{body['runId']}?wait=20")
    (delivery_id,) = run["delivery"]["ids"]
    delivery = await traced.get(f"/v1/deliveries/{delivery_id}")
    told = {run["trace_id"], delivery["trace_id"], delivery["attempts"][0]["trace_id"]}
    assert told == {trace_id}
    logged = [json.loads(line) for line in traced.logs().splitlines() if trace_id in line]
    events = {line["event"] for line in logged if line["trace_id"] == trace_id}
    assert {"attempt_ended", "delivery_attempt_ended"} <= events


async def test_the_run_shows_the_same_spans_with_no_collector_asked(traced: Traced) -> None:
    body, headers = await traced.hook("/fake tool name=session_status args={}")
    await traced.telegram.taken(1)
    spans = await traced.collector.trace(headers["x-trace-id"], is_whole)
    path = f"/v1/runs/{body['runId']}/trace"

    async def all_kept() -> bool:
        kept = await traced.get(path)
        return len(names(kept)) == len(spans)

    def names(kept: dict[str, object]) -> list[str]:
        if "otlp" not in kept:
            return []
        parts = kept["otlp"]["resourceSpans"]  # type: ignore[index]
        return [s["name"] for part in parts for s in part["scopeSpans"][0]["spans"]]

    await traced.fleet.until(all_kept, "every span is kept")
    kept = await traced.get(path)
    assert kept["trace_id"] == headers["x-trace-id"]
    assert sorted(names(kept)) == sorted(span.name for span in spans)


async def test_the_death_of_a_worker_leaves_no_orphan_and_shows_both_attempts(
    traced: Traced,
) -> None:
    message = "/fake text tokens=60 delay_ms=50"
    body, headers = await traced.hook(message)
    run_id, trace_id = body["runId"], headers["x-trace-id"]

    async def speaks() -> bool:
        return bool((await traced.get(f"/v1/runs/{run_id}"))["last_sequence_number"] >= 4)

    await traced.fleet.until(speaks, "the run is in the middle of its answer")
    traced.fleet.workers[0].kill()
    async with asyncio.timeout(20):
        await traced.telegram.taken(1)

    def both(spans: Sequence[CollectedSpan]) -> bool:
        attempts = {s.attributes["openclaw.attempt"] for s in spans if s.name == "process runs"}
        sent = "send telegram" in {span.name for span in spans}
        return attempts == {1, 2} and sent and not orphans(spans)

    spans = await traced.collector.trace(trace_id, both)
    first, second = sorted(
        (span for span in spans if span.name == "process runs"),
        key=lambda span: int(span.attributes["openclaw.attempt"]),
    )
    assert first.failed
    assert first.attributes["error.type"] == "process_died"
    assert second.parent_id == first.parent_id
    assert second.links == ((trace_id, first.span_id),)
    died = [span for span in spans if span.attributes.get("error.type") == "process_died"]
    assert {span.name for span in died} == {"process runs", "invoke_agent main", "chat fake"}
    run = await traced.get(f"/v1/runs/{run_id}")
    (delivery_id,) = run["delivery"]["ids"]
    delivery = await traced.get(f"/v1/deliveries/{delivery_id}")
    assert {run["trace_id"], delivery["trace_id"]} == {trace_id}
    assert trace_id in traced.fleet.workers[0].process.log.read_text(encoding="utf-8")


async def test_a_message_in_a_chat_is_one_trace_up_to_its_reply(traced: Traced) -> None:
    await traced.telegram.say("Hello", private(42))
    await traced.telegram.taken(1)
    (run,) = (await traced.get("/v1/runs"))["data"]

    def is_answered(spans: Sequence[CollectedSpan]) -> bool:
        return "send telegram" in {span.name for span in spans} and not orphans(spans)

    spans = await traced.collector.trace(run["trace_id"], is_answered)
    assert tree(spans) == {
        ("send runs", None),
        ("process runs", "send runs"),
        ("invoke_agent main", "process runs"),
        ("chat fake", "invoke_agent main"),
        ("send deliveries", "process runs"),
        ("process deliveries", "send deliveries"),
        ("send telegram", "process deliveries"),
    }
