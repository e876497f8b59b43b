"""Runs whose model calls our tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.run import RunStatus, Usage
from openclaw_common.contracts.run_event import RunEvent
from tests.integration.agent_worker.conftest import SESSION, Bench, text_of, types_of
from tests.integration.agent_worker.step_provider import Step, StepProvider
from tests.integration.agent_worker.test_traces import named, traced

MODULES = ["tests.integration.agent_worker.tools_for_tests:tools"]


@pytest.fixture
async def provider() -> AsyncIterator[StepProvider]:
    async with StepProvider(continues=True) as provider:
        yield provider


@pytest.fixture
def sections(provider: StepProvider) -> dict[str, Any]:
    own = {
        "baseUrl": provider.base_url,
        "models": [{"id": "m"}, {"id": "goes-on", "compat": {"continuesAssistantTurn": True}}],
    }
    return {
        "agents": {
            "defaults": {"model": "own/m"},
            "entries": {"main": {"default": True}, "bare": {"tools": {"deny": ["*"]}}},
        },
        "models": {"providers": {"own": own}},
        "tools": {
            "profile": "full",
            "modules": MODULES,
            "maxResultBytes": 500,
            "sessions": {"visibility": "agent"},
        },
        "runs": {"maxSteps": 3},
    }


def call(name: str, **arguments: Any) -> tuple[str, str]:
    return name, orjson.dumps(arguments).decode()


def tool_events(events: list[RunEvent]) -> list[dict[str, Any]]:
    return [event.json() for event in events if event.type.startswith("tool.")]


async def test_the_model_is_told_the_result_and_goes_on(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [Step("Let me look.", (call("current_time"),)), Step("It is late.")]
    record, events = await bench.run(session_key=SESSION, ephemeral=False)
    assert types_of(events) == [
        "run.queued",
        "run.in_progress",
        "message.delta",
        "tool.started",
        "tool.completed",
        "message.delta",
        "message.completed",
        "run.completed",
    ]
    assert tool_events(events) == [
        {"tool_call_id": "call_0", "name": "current_time", "arguments": "{}"},
        {"tool_call_id": "call_0", "name": "current_time", "is_error": False},
    ]
    assert orjson.loads(provider.results(1)[0])["timezone"] == "UTC"
    assert record.result is not None
    assert record.result.output == text_of(events) == "Let me look.\n\nIt is late."
    assert record.result.usage == Usage(20, 2, 22)
    assert len(await bench.store.sessions.transcript(SESSION)) == 4


async def test_an_agent_that_may_use_no_tool_is_offered_none(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [Step("Hello.")]
    await bench.run(agent_id="bare", session_key="agent:bare:x")
    assert "tools" not in provider.requests[0]


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("fail", {"file": "missing"}, "Error: There is no such file; ask for another."),
        ("fail", {"file": "other"}, "Error: tool execution failed"),
        ("fail", {"hang": 1}, "Error: Invalid arguments: file is required; hang must be of type"),
        ("sleep", {}, "Error: The tool sleep did not answer within 0.05 s."),
        ("nothing", {}, "Error: Tool not available: nothing"),
        ("flood", {}, "x" * 500 + "\n[cut: the result has 10000 bytes, tools.maxResultBytes"),
    ],
)
async def test_what_went_wrong_is_told_to_the_model(
    bench: Bench, provider: StepProvider, name: str, arguments: dict[str, Any], told: str
) -> None:
    provider.steps = [Step("", (call(name, **arguments),)), Step("I see.")]
    record, _ = await bench.run()
    assert provider.results(1)[0].startswith(told)
    assert record.status is RunStatus.COMPLETED


async def test_a_run_whose_tool_finds_redis_away_is_handed_back_and_no_model_told(
    bench: Bench, provider: StepProvider, tmp_path: Path
) -> None:
    asked = Step("", (call("absent", file=str(tmp_path / "calls")),))
    provider.steps = [asked, Step("It is there.")]
    record, events = await bench.run()
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert provider.results(1) == ['{"lines":2}']
    assert text_of(events) == "It is there."


async def test_a_trace_names_no_tool_that_there_is_not(
    bench: Bench, provider: StepProvider
) -> None:
    asked = (call("current_time"), call("what_the_model_said"))
    provider.steps = [Step("", asked), Step("I see.")]
    async with traced(bench) as recorded:
        await bench.run()
    assert {tool["gen_ai.tool.name"] for tool in named(recorded, "execute_tool")} == {
        "current_time",
        "other",
    }
    assert "what_the_model_said" not in str(recorded.spans)


async def test_a_run_over_its_steps_is_complete_as_it_stands(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [Step("again", (call("current_time"),))] * 4
    record, events = await bench.run()
    assert len(provider.requests) == 3
    assert record.result is not None
    assert (record.result.finish_reason, record.result.incomplete_reason) == ("length", "max_steps")
    assert record.result.output == text_of(events) == "again\n\nagain\n\nagain"


async def hand_over(bench: Bench, run_id: str) -> tuple[Any, list[RunEvent]]:
    """Hand the run to another worker and wait for its end."""
    await bench.worker.drain(0)
    other = AgentWorkerService(bench.config, bench.store, worker_id="worker-2")
    await other.start()
    try:
        return await bench.ended(run_id)
    finally:
        await other.stop()


def last_attempt(events: list[RunEvent]) -> list[RunEvent]:
    return [event for event in events if event.attempt == events[-1].attempt]


async def test_a_later_attempt_says_finished_steps_again_and_calls_no_tool_twice(
    bench: Bench, provider: StepProvider, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    provider.steps = [Step("One moment.", (call("pay", file=str(book)),)), Step("Paid it all.")]
    hold = provider.hold(1, words=1)
    async with asyncio.timeout(10):
        run_id = await bench.submit()
        await hold.reached.wait()
        record, events = await hand_over(bench, run_id)
    assert book.read_text(encoding="utf-8") == f"{run_id}:1.1\n"
    assert len(provider.requests) == 3
    assert record.attempt == 2
    assert text_of(last_attempt(events)) == record.result.output == "One moment.\n\nPaid it all."
    assert len(tool_events(last_attempt(events))) == 2


@pytest.mark.parametrize(("tool", "calls"), [("pay", 1), ("look", 2)])
async def test_only_an_idempotent_tool_without_a_result_is_called_again(
    bench: Bench, provider: StepProvider, tmp_path: Path, tool: str, calls: int
) -> None:
    book = tmp_path / "book"
    provider.steps = [Step("", (call(tool, file=str(book), hang=True),)), Step("Well.")]
    async with asyncio.timeout(10):
        run_id = await bench.submit()
        while not book.exists():
            await asyncio.sleep(0.01)
        record, _ = await hand_over(bench, run_id)
    assert len(book.read_text(encoding="utf-8").splitlines()) == calls
    assert record.status is RunStatus.COMPLETED
    unknown = provider.results(1)[0].startswith("The outcome of this call is unknown")
    assert unknown is (tool == "pay")


async def test_a_model_that_can_goes_on_from_the_text_that_was_published(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [Step("Let me see.", (call("current_time"),)), Step("one two three four")]
    hold = provider.hold(1, words=2)
    async with asyncio.timeout(10):
        run_id = await bench.submit(model_override="own/goes-on")
        await hold.reached.wait()
        async with bench.reader.follow(run_id) as follower:
            text = ""
            while not text.endswith("one two"):
                text += text_of(await anext(follower))
        record, events = await hand_over(bench, run_id)
    assert provider.requests[-1]["messages"][-1] == {"role": "assistant", "content": "one two"}
    assert record.result.output == "Let me see.\n\none two three four"
    assert text_of(last_attempt(events)) == record.result.output


async def test_sessions_are_listed_read_and_written_to(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [Step("I am Bob.")]
    await bench.run("who are you", session_key="agent:main:bob", ephemeral=False)
    look = (call("sessions_list"), call("sessions_history", sessionKey="bob"))
    send = (call("sessions_send", sessionKey="agent:main:bob", message="Hi", timeoutSeconds=5),)
    provider.steps = [Step("", (*look, *send)), Step("Done.")]
    async with asyncio.timeout(10):
        await bench.run(session_key=SESSION, ephemeral=False)
    listed, history, sent = (orjson.loads(result) for result in provider.results(-1))
    assert [session["sessionKey"] for session in listed["sessions"]] == ["agent:main:bob"]
    assert history["messages"] == [
        {"role": "user", "text": "who are you"},
        {"role": "assistant", "text": "I am Bob."},
    ]
    assert (sent["status"], sent["sessionKey"]) == ("ok", "agent:main:bob")
