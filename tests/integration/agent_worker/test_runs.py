"""Runs that go well: from the queue through the provider to the run stream."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from openclaw_common.contracts.run import (
    ClientTool,
    Image,
    RunStatus,
    Sampling,
    ToolCall,
    Turn,
    Usage,
)
from tests.fakes.provider import Script, expected_text
from tests.integration.agent_worker.conftest import API_KEY, SESSION, Bench, text_of, types_of

LOOKUP = ClientTool("lookup", "Looks things up")


async def upstream(bench: Bench, index: int = -1) -> dict[str, Any]:
    return bench.provider.requests[index].body


async def test_a_streamed_run_publishes_its_text_then_its_end(bench: Bench) -> None:
    record, events = await bench.run("/fake text tokens=50 reasoning=2")
    assert types_of(events) == [
        "run.queued",
        "run.in_progress",
        "reasoning.delta",
        "message.delta",
        "message.completed",
        "run.completed",
    ]
    assert text_of(events) == expected_text(50)
    assert record.status is RunStatus.COMPLETED
    assert record.result is not None
    assert record.result.output == expected_text(50)
    assert record.result.usage == Usage(2, 50, 52, reasoning_tokens=2)
    assert events[-1].json() == {"usage": record.result.usage.to_wire()}


async def test_an_unwatched_short_run_comes_in_one_piece(bench: Bench) -> None:
    record, events = await bench.run("/fake text tokens=30", stream=False)
    assert [event.type for event in events] == [
        "run.queued",
        "run.in_progress",
        "message.delta",
        "message.completed",
        "run.completed",
    ]
    assert record.result is not None
    assert record.result.output == text_of(events) == expected_text(30)


@pytest.mark.parametrize("dialect", ["crlf", "nospace", "comments", "no_done", "bare", "nonstream"])
async def test_every_dialect_of_the_protocol_is_understood(bench: Bench, dialect: str) -> None:
    record, _ = await bench.run(f"/fake text tokens=5 dialect={dialect}")
    assert record.result is not None
    assert record.result.output == expected_text(5)


@pytest.mark.parametrize(("finish", "shown"), [("length", "length"), ("content_filter", "stop")])
async def test_the_finish_reason_is_one_of_the_contracts(
    bench: Bench, finish: str, shown: str
) -> None:
    record, events = await bench.run(f"/fake text finish={finish}")
    assert record.result is not None
    assert record.result.finish_reason == shown
    assert events[-2].json() == {"finish_reason": shown}


async def test_a_provider_without_usage_gives_zeros(bench: Bench) -> None:
    record, _ = await bench.run("/fake text usage=0")
    assert record.result is not None
    assert record.result.usage == Usage()


async def test_an_empty_reply_is_given_words(bench: Bench) -> None:
    record, events = await bench.run("/fake text tokens=0")
    assert record.result is not None
    assert record.result.output == text_of(events) == "No response from OpenClaw."


async def test_the_request_carries_who_and_what_is_asked(bench: Bench) -> None:
    sampling = Sampling(max_tokens=9, temperature=0.5, seed=3, stop=("x",))
    run_id = await bench.submit("hello", system="Speak French.", sampling=sampling)
    await bench.ended(run_id)
    received = bench.provider.requests[0]
    assert received.headers["Authorization"] == f"Bearer {API_KEY}"
    assert received.headers["X-Own"] == "header-value"
    assert received.headers["User-Agent"].startswith("openclaw-gateway")
    assert received.headers["Idempotency-Key"] == f"{run_id}:1:1"
    assert received.body == {
        "model": "org/fake-model",
        "messages": [
            {"role": "system", "content": "Be brief.\n\nSpeak French."},
            {"role": "user", "content": "hello"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": 3,
        "stop": ["x"],
    }


async def test_the_requests_model_replaces_the_agents(bench: Bench) -> None:
    await bench.run("hello", model_override="fake/other")
    assert (await upstream(bench))["model"] == "other"


async def test_a_tool_call_is_published_in_pieces_and_ends_the_turn(bench: Bench) -> None:
    arguments = orjson.dumps({"q": "x" * 400}).decode()
    bench.provider.enqueue(Script(verb="tool", tool_args=arguments, tool_count=2))
    record, events = await bench.run("hi", tools=(LOOKUP,))
    pieces = [event.json() for event in events if event.type == "tool_call.delta"]
    opening = {"index": 0, "id": "call_0", "name": "lookup", "arguments": ""}
    assert pieces[0] == opening
    assert max(len(piece["arguments"]) for piece in pieces) <= 256
    assert "".join(p["arguments"] for p in pieces if p["index"] == 1) == arguments
    assert record.result is not None
    assert record.result.finish_reason == "tool_calls"
    assert record.result.tool_calls == (
        ToolCall("call_0", "lookup", arguments),
        ToolCall("call_1", "lookup", arguments),
    )


async def test_the_follow_up_turn_shows_the_call_and_its_result(bench: Bench) -> None:
    call = ToolCall("call_0", "lookup", "{}")
    history = (Turn("user", "/fake tool"), Turn("assistant", "", tool_calls=(call,)))
    result = Turn("tool", "sunny", tool_call_id="call_0")
    record, _ = await bench.run(message=result, history=history, tools=(LOOKUP,))
    assert record.result is not None
    assert record.result.output == "The tool said: sunny"
    assert (await upstream(bench))["messages"][-1]["content"] == (
        "[Chat messages since your last reply - for context]\n"
        "User: /fake tool\n"
        "Assistant: tool_call id=call_0 name=lookup arguments={}\n"
        "\n"
        "[Current message - respond to this]\n"
        "Tool:call_0: sunny"
    )


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("function:lookup", {"type": "function", "function": {"name": "lookup"}}),
    ],
)
async def test_tools_and_their_choice_reach_the_provider(
    bench: Bench, choice: str, sent: Any
) -> None:
    await bench.run("/fake tool", tools=(LOOKUP,), tool_choice=choice)
    body = await upstream(bench)
    assert body["tool_choice"] == sent
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "lookup",
                "description": "Looks things up",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]


@pytest.mark.parametrize("choice", ["required", "function:lookup"])
async def test_a_required_call_that_is_not_made_fails_without_a_word(
    bench: Bench, choice: str
) -> None:
    record, events = await bench.run("just talk", tools=(LOOKUP,), tool_choice=choice)
    assert types_of(events) == ["run.queued", "run.in_progress", "run.failed"]
    assert record.error is not None
    assert record.error.status == 502
    assert record.error.message.startswith("tool_choice")


async def test_a_session_remembers_and_does_not_show_a_turn_twice(bench: Bench) -> None:
    session: dict[str, Any] = {"session_key": SESSION, "ephemeral": False}
    await bench.run("/fake say Hello Alice", **session)
    history = (Turn("user", "/fake say Hello Alice"), Turn("assistant", "Hello Alice"))
    await bench.run("and again", history=history, **session)
    assert (await upstream(bench))["messages"][1:] == [
        {"role": "user", "content": "/fake say Hello Alice"},
        {"role": "assistant", "content": "Hello Alice"},
        {"role": "user", "content": "and again"},
    ]


async def test_history_that_the_session_lacks_is_shown_and_then_remembered(bench: Bench) -> None:
    session: dict[str, Any] = {"session_key": SESSION, "ephemeral": False}
    history = (Turn("user", "old question"), Turn("assistant", "old answer"))
    await bench.run("new question", history=history, **session)
    shown = (await upstream(bench))["messages"][-1]["content"]
    assert "User: old question\nAssistant: old answer" in shown
    await bench.run("third", **session)
    texts = [message["content"] for message in (await upstream(bench))["messages"][1:]]
    assert texts == ["old question", "old answer", "new question", expected_text(8), "third"]


async def test_an_ephemeral_run_leaves_no_transcript(bench: Bench) -> None:
    await bench.run("hello", session_key=SESSION)
    assert await bench.store.sessions.transcript(SESSION) == []


async def test_an_image_reaches_the_model_but_not_the_transcript(bench: Bench) -> None:
    image = Image("image/png", data="aGVsbG8=")
    await bench.run("look", images=(image,), session_key=SESSION, ephemeral=False)
    content = (await upstream(bench))["messages"][-1]["content"]
    assert content == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}},
    ]
    transcript = b"".join(await bench.store.sessions.transcript(SESSION))
    assert b"aGVsbG8=" not in transcript
    assert b"[image: image/png]" in transcript


async def test_one_connection_serves_run_after_run(bench: Bench) -> None:
    for _ in range(5):
        await bench.run("hello")
    assert bench.provider.sockets == 1
