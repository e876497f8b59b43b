"""What a model's own reasoning is worth to it: sealed or signed, it goes back as it came."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from openclaw_agent_worker.agent.transcript import decode_messages, encode_messages
from tests.fakes.provider import Script
from tests.integration.agent_worker.providers.families import FAMILIES, LOOKUP, Bench, bench_of

SIGNED = {"anthropic-messages": "c2lnbmVk", "openai-responses": "c2VhbGVk"}


def user(text: str) -> ModelMessage:
    return ModelRequest(parts=[UserPromptPart(text)])


async def thought(bench: Bench) -> ModelResponse:
    """Return an answer with reasoning, as a transcript brings it back."""
    bench.provider.enqueue(Script(tokens=2, reasoning=2))
    (reply,) = decode_messages(encode_messages([(await bench.ask("hi")).reply]))
    assert isinstance(reply, ModelResponse)
    return reply


def sent(api: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the assistant's part of a request, one block or item each."""
    if api == "openai-responses":
        return [item for item in body["input"] if item.get("role") != "user"]
    (said,) = [item["content"] for item in body["messages"] if item["role"] == "assistant"]
    return list(said)


@pytest.mark.parametrize("api", SIGNED)
async def test_reasoning_goes_back_in_front_of_what_it_led_to(api: str) -> None:
    async with bench_of(FAMILIES[api]) as bench:
        reply = await thought(bench)
        await bench.ask("and now", past=[user("hi"), reply])
        reasoning, answer = sent(api, await bench.body())
    if api == "anthropic-messages":
        thinking = {"thinking": "think0 think1 ", "signature": SIGNED[api]}
        assert reasoning == {"type": "thinking", **thinking}
        assert answer == {"type": "text", "text": "tok0 tok1 "}
    else:
        summary = [{"type": "summary_text", "text": "think0 think1 "}]
        sealed = {"id": "rs_0", "encrypted_content": SIGNED[api], "summary": summary}
        assert reasoning == {"type": "reasoning", **sealed}
        assert answer == {"role": "assistant", "content": "tok0 tok1 "}


@pytest.mark.parametrize("api", SIGNED)
async def test_reasoning_before_a_call_goes_back_with_its_result(api: str) -> None:
    async with bench_of(FAMILIES[api]) as bench:
        reply = await thought(bench)
        call = ToolCallPart("lookup", {"q": "x"}, "call_1")
        reply.parts = [reply.parts[0], call]
        result = ModelRequest(parts=[ToolReturnPart("lookup", "18", "call_1")])
        await bench.ask("", past=[user("hi"), reply, result], tools=[LOOKUP])
        body = await bench.body()
    kinds = [item.get("type") for item in sent(api, body)]
    if api == "anthropic-messages":
        assert kinds == ["thinking", "tool_use"]
        assert body["messages"][-1]["content"][0]["type"] == "tool_result"
    else:
        assert kinds == ["reasoning", "function_call", "function_call_output"]


@pytest.mark.parametrize("api", SIGNED)
async def test_reasoning_of_another_model_is_left_out(api: str) -> None:
    async with bench_of(FAMILIES[api]) as bench:
        reply = await thought(bench)
        reply.model_name = "another"
        await bench.ask("and now", past=[user("hi"), reply])
        assert SIGNED[api] not in json.dumps(await bench.body())


@pytest.mark.parametrize("api", SIGNED)
async def test_reasoning_that_led_to_nothing_is_left_out(api: str) -> None:
    async with bench_of(FAMILIES[api]) as bench:
        reply = await thought(bench)
        reply.parts = [part for part in reply.parts if not isinstance(part, TextPart)]
        await bench.ask("and now", past=[user("hi"), reply])
        assert SIGNED[api] not in json.dumps(await bench.body())


async def test_reasoning_that_is_not_shown_goes_back_all_the_same() -> None:
    async with bench_of(FAMILIES["anthropic-messages"]) as bench:
        reply = await thought(bench)
        reply.parts = [ThinkingPart("", id="redacted_thinking", signature="b3BhcXVl"), *reply.parts]
        await bench.ask("and now", past=[user("hi"), reply])
        first = sent("anthropic-messages", await bench.body())[0]
    assert first == {"type": "redacted_thinking", "data": "b3BhcXVl"}


async def test_ids_of_other_providers_are_put_in_letters_that_anthropic_takes() -> None:
    async with bench_of(FAMILIES["anthropic-messages"]) as bench:
        reply = ModelResponse(parts=[ToolCallPart("lookup", {}, "functions.lookup:0")])
        result = ModelRequest(parts=[ToolReturnPart("lookup", "18", "functions.lookup:0")])
        await bench.ask("", past=[user("hi"), reply, result], tools=[LOOKUP])
        call, answer = [item["content"][0] for item in (await bench.body())["messages"][1:]]
    assert call["id"] == answer["tool_use_id"] == "functions_lookup_0"
