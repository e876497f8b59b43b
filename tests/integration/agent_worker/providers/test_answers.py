"""What a provider says, for every family: text, reasoning, tool calls, refusals, usage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters

from tests.fakes.provider import Script, expected_text
from tests.fakes.provider_script import REFUSAL
from tests.integration.agent_worker.providers.families import API_KEY, LOOKUP, Bench

PIXEL = BinaryContent(b"\x89PNG fake", media_type="image/png")


async def test_text_comes_in_order_and_as_it_is_sent(family_bench: Bench) -> None:
    answer = await family_bench.ask("/fake text tokens=20 delay_ms=2")
    assert answer.text == expected_text(20)
    assert len(answer.texts) > 5
    assert answer.reply.text == expected_text(20)
    assert answer.reply.finish_reason == "stop"


async def test_the_request_has_the_key_our_name_and_the_configured_headers(
    family_bench: Bench,
) -> None:
    await family_bench.ask(extra_headers={"Idempotency-Key": "run:1:1"})
    headers = {k.lower(): v for k, v in family_bench.provider.requests[0].headers.items()}
    assert "openclaw-gateway" in headers["user-agent"]
    assert headers["x-own"] == "header-value"
    assert headers["idempotency-key"] == "run:1:1"
    assert sum(API_KEY in value for value in headers.values()) == 1


async def test_reasoning_is_told_apart_from_the_answer(family_bench: Bench) -> None:
    answer = await family_bench.ask("/fake text tokens=3 reasoning=2")
    assert "".join(answer.thoughts) == "think0 think1 "
    assert answer.text == expected_text(3)


async def test_a_tool_is_called_and_its_result_is_understood(family_bench: Bench) -> None:
    asked = await family_bench.ask("/fake tool n=1", tools=[LOOKUP])
    (call,) = [part for part in asked.reply.parts if isinstance(part, ToolCallPart)]
    assert (call.tool_name, call.args_as_dict()) == ("lookup", {"q": "weather in Paris"})
    past: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart("/fake tool n=1")]), asked.reply]
    result = ToolReturnPart("lookup", "18 degrees", call.tool_call_id)
    told = await family_bench.ask("", past=[*past, ModelRequest(parts=[result])], tools=[LOOKUP])
    assert told.text == "The tool said: 18 degrees"


async def test_several_calls_of_one_answer_have_ids_of_their_own(family_bench: Bench) -> None:
    answer = await family_bench.ask("/fake tool n=3", tools=[LOOKUP])
    calls = [part for part in answer.reply.parts if isinstance(part, ToolCallPart)]
    assert len({call.tool_call_id for call in calls}) == 3


async def test_reasoning_goes_back_to_the_provider_that_thought_it(family_bench: Bench) -> None:
    first = await family_bench.ask("/fake text tokens=2 reasoning=2")
    past: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart("hi")]), first.reply]
    assert any(isinstance(part, ThinkingPart) for part in first.reply.parts)
    assert (await family_bench.ask("and now", past=past)).text == expected_text(8)


async def test_a_refusal_is_an_answer(family_bench: Bench) -> None:
    answer = await family_bench.ask("/fake refuse")
    assert answer.text == REFUSAL
    assert answer.reply.text == REFUSAL


async def test_usage_is_what_the_provider_counted(family_bench: Bench) -> None:
    answer = await family_bench.ask("/fake text tokens=5 reasoning=2 cached=100")
    usage = answer.reply.usage
    assert usage.cache_read_tokens == 100
    assert usage.input_tokens == 101
    assert usage.output_tokens >= 5


async def test_prices_of_the_configuration_make_the_cost(family_bench: Bench) -> None:
    price = {"input": 2.0, "output": 10.0, "cacheRead": 0.5}
    model = family_bench.model(cost=price)
    usage = (await family_bench.ask("/fake text tokens=5 cached=100", model=model)).reply.usage
    assert usage.details["cost_nano_usd"] == 1 * 2000 + 100 * 500 + usage.output_tokens * 10_000


async def test_an_answer_that_reached_its_limit_says_so(family_bench: Bench) -> None:
    answer = await family_bench.ask("/fake text tokens=4 finish=length")
    assert answer.reply.finish_reason == "length"
    assert answer.text == expected_text(4)


async def test_an_image_is_shown_to_the_model(family_bench: Bench) -> None:
    await family_bench.ask(["look", PIXEL])
    assert PIXEL.base64 in json.dumps(await family_bench.body())


async def test_how_closely_to_look_is_told_where_the_provider_has_words_for_it(
    family_bench: Bench,
) -> None:
    pixel = BinaryContent(
        PIXEL.data, media_type=PIXEL.media_type, vendor_metadata={"detail": "low"}
    )
    await family_bench.ask(["look", pixel])
    told = _find(await family_bench.body(), {"detail"})
    has = family_bench.family.api in ("openai-completions", "ollama", "openai-responses")
    assert told == (["low"] if has else [])


@pytest.mark.parametrize(("wanted", "sent"), [(50, 50), (5000, 400)])
async def test_the_configured_limit_of_an_answer_is_kept(
    family_bench: Bench, wanted: int, sent: int
) -> None:
    await family_bench.ask(model=family_bench.model(maxTokens=400), max_tokens=wanted)
    assert _find(
        await family_bench.body(), {"max_tokens", "max_output_tokens", "maxOutputTokens"}
    ) == [sent]


async def test_sampling_is_forwarded_where_the_provider_has_it_and_else_left_out(
    family_bench: Bench,
) -> None:
    api = family_bench.family.api
    # OpenAI's models that think take no sampling.
    name = "gpt-4.1" if api == "openai-responses" else family_bench.family.model_id
    await family_bench.ask(
        model=family_bench.registry().model(f"fake/{name}"),
        temperature=0.5,
        top_p=0.25,
        seed=3,
        presence_penalty=0.125,
        stop_sequences=["END"],
    )
    names = {"temperature", "top_p", "topP", "seed", "presence_penalty", "presencePenalty"}
    sent = _find(await family_bench.body(), names | {"stop", "stop_sequences", "stopSequences"})
    everything: list[Any] = [0.5, 0.25, 3, 0.125, ["END"]]
    has: dict[str, list[Any]] = {
        "openai-responses": [0.5, 0.25],
        "anthropic-messages": [0.5, 0.25, ["END"]],
    }
    assert sorted(sent, key=str) == sorted(has.get(api, everything), key=str)


async def test_a_schema_for_the_answer_reaches_the_provider(family_bench: Bench) -> None:
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string"}},
        "required": ["capital"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
    await family_bench.ask(extra_body={"response_format": wanted})
    assert "capital" in json.dumps(await family_bench.body())


async def test_no_answer_names_the_providers_address(family_bench: Bench) -> None:
    answer = await family_bench.ask()
    assert answer.reply.provider_url is None
    assert str(family_bench.provider.port) not in repr(answer.reply)


async def test_one_connection_serves_request_after_request(family_bench: Bench) -> None:
    for _ in range(4):
        await family_bench.ask()
    assert family_bench.provider.sockets == 1


async def test_an_answer_may_come_whole_from_the_library_too(family_bench: Bench) -> None:
    family_bench.provider.enqueue(Script(tokens=3))
    reply = await family_bench.model().request(
        [ModelRequest(parts=[UserPromptPart("hello")])], None, ModelRequestParameters()
    )
    assert reply.text == expected_text(3)


def _find(value: Any, names: set[str]) -> list[Any]:
    if isinstance(value, dict):
        own = [item for name, item in value.items() if name in names]
        return own + [found for item in value.values() for found in _find(item, names)]
    if isinstance(value, list):
        return [found for item in value for found in _find(item, names)]
    return []
