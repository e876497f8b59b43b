"""What only Gemini's protocol has: its URL and words, signatures, and how its streams fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic_ai.messages import (
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from openclaw_agent_worker.agent.transcript import decode_messages, encode_messages
from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_common.contracts.errors import InvalidRequest
from tests.fakes.provider_script import expected_text
from tests.fakes.wire_gemini import SIGNATURE
from tests.integration.agent_worker.providers.families import (
    API_KEY,
    FAMILIES,
    LOOKUP,
    Bench,
    bench_of,
)

API = "google-generative-ai"


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of(FAMILIES[API]) as bench:
        yield bench


@pytest.fixture
async def newer() -> AsyncIterator[Bench]:
    """A model that takes levels of thinking and wants its calls signed."""
    async with bench_of(replace(FAMILIES[API], model_id="gemini-3-pro-preview")) as bench:
        yield bench


def user(text: str) -> ModelMessage:
    return ModelRequest(parts=[UserPromptPart(text)])


def result(name: str, call_id: str) -> ModelMessage:
    return ModelRequest(parts=[ToolReturnPart(name, "18 degrees", call_id)])


async def called(bench: Bench) -> ModelResponse:
    """Return an answer with two calls, as a transcript brings it back."""
    reply = (await bench.ask("/fake tool n=2", tools=[LOOKUP])).reply
    (back,) = decode_messages(encode_messages([reply]))
    assert isinstance(back, ModelResponse)
    return back


async def turns(bench: Bench, *past: ModelMessage) -> list[dict[str, Any]]:
    """Return the turns that the model is sent when it is told `past`."""
    await bench.ask("", past=past, tools=[LOOKUP])
    found: list[dict[str, Any]] = (await bench.body())["contents"]
    return found


async def test_the_key_is_in_a_header_and_never_in_the_url(bench: Bench) -> None:
    await bench.ask()
    (request,) = bench.provider.requests
    assert request.url == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == API_KEY


async def test_a_models_id_cannot_leave_its_place_in_the_url() -> None:
    async with bench_of(replace(FAMILIES[API], model_id="models/../a?key=b#c")) as bench:
        await bench.ask()
        url = bench.provider.requests[0].url
    assert url == "/v1beta/models/..%2Fa%3Fkey=b%23c:streamGenerateContent?alt=sse"


async def test_settings_are_sent_in_geminis_words(bench: Bench) -> None:
    await bench.ask(
        temperature=0.5,
        top_p=0.9,
        max_tokens=50,
        stop_sequences=["END"],
        seed=3,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        extra_body={"response_format": {"type": "json_object"}, "safetySettings": []},
    )
    body = await bench.body()
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "topP": 0.9,
        "maxOutputTokens": 50,
        "stopSequences": ["END"],
        "seed": 3,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "responseMimeType": "application/json",
    }
    assert body["safetySettings"] == []


async def test_a_schema_is_not_sent_beside_tools_to_a_model_that_refuses_both(
    bench: Bench, newer: Bench
) -> None:
    schema = {"type": "object", "properties": {"a": {"const": "x"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    for asked in (bench, newer):
        await asked.ask(tools=[LOOKUP], extra_body={"response_format": wanted})
    assert "generationConfig" not in await bench.body()
    sent = (await newer.body())["generationConfig"]["responseJsonSchema"]
    assert sent["properties"]["a"] == {"enum": ["x"], "type": "string"}


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "VALIDATED"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (["lookup"], {"mode": "ANY", "allowedFunctionNames": ["lookup"]}),
    ],
)
async def test_which_tool_to_call_is_told(
    bench: Bench, choice: str | list[str], config: dict[str, Any]
) -> None:
    await bench.ask(tools=[LOOKUP], tool_choice=choice)
    body = await bench.body()
    assert body["toolConfig"] == {"functionCallingConfig": config}
    (declared,) = body["tools"][0]["functionDeclarations"]
    assert declared["parametersJsonSchema"] == LOOKUP.parameters_json_schema


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize("schema", [{"anyOf": {}}, {"type": "object", "items": 1}, deep(500)])
async def test_a_schema_that_cannot_be_sent_is_the_callers_fault(
    bench: Bench, schema: dict[str, Any]
) -> None:
    broken = replace(LOOKUP, parameters_json_schema=schema)
    with pytest.raises(InvalidRequest):
        await bench.ask(tools=[broken])


async def test_an_image_somewhere_else_is_named(bench: Bench) -> None:
    await bench.ask(["look", ImageUrl("https://example.com/a.png")])
    parts = (await bench.body())["contents"][0]["parts"]
    file = {"fileUri": "https://example.com/a.png", "mimeType": "image/png"}
    assert parts == [{"text": "look"}, {"fileData": file}]


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (False, {"thinkingLevel": "LOW"}),
        (True, {"includeThoughts": True}),
        ("medium", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("max", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
    ],
)
async def test_a_newer_model_is_told_the_nearest_level_that_it_has(
    newer: Bench, level: bool | str, told: dict[str, Any]
) -> None:
    await newer.ask(thinking=level)
    assert (await newer.body())["generationConfig"] == {"thinkingConfig": told}


async def test_the_signature_of_a_text_goes_back_with_it(bench: Bench) -> None:
    reply = (await bench.ask("/fake text tokens=2 reasoning=2")).reply
    past = decode_messages(encode_messages([user("hi"), reply]))
    await bench.ask("and now", past=past)
    (said,) = [turn for turn in (await bench.body())["contents"] if turn["role"] == "model"]
    assert said["parts"] == [{"text": expected_text(2), "thoughtSignature": SIGNATURE}]


async def test_the_signature_of_a_call_goes_back_with_its_result(bench: Bench) -> None:
    reply = await called(bench)
    first, second = [part for part in reply.parts if isinstance(part, ToolCallPart)]
    results = [result("lookup", call.tool_call_id) for call in (first, second)]
    _, said, told = await turns(bench, user("hi"), reply, *results)
    assert [part.get("thoughtSignature") for part in said["parts"]] == [SIGNATURE, None]
    answer = {"name": "lookup", "response": {"output": "18 degrees"}}
    assert [part["functionResponse"] for part in told["parts"]] == [
        {**answer, "id": call.tool_call_id} for call in (first, second)
    ]


async def test_a_signature_goes_to_no_other_model(bench: Bench) -> None:
    reply = await called(bench)
    reply.model_name = "another"
    calls = [part for part in reply.parts if isinstance(part, ToolCallPart)]
    results = [result("lookup", call.tool_call_id) for call in calls]
    _, said, _ = await turns(bench, user("hi"), reply, *results)
    assert [part.get("thoughtSignature") for part in said["parts"]] == [None, None]


async def test_a_newer_model_takes_calls_that_another_made(newer: Bench) -> None:
    call = ToolCallPart("lookup", {"q": "x"}, "call_1")
    reply = ModelResponse(parts=[TextPart("One moment."), call, replace(call, tool_call_id="c2")])
    _, said, _ = await turns(newer, user("hi"), reply, result("lookup", "call_1"))
    assert [part.get("thoughtSignature") for part in said["parts"]] == [
        None,
        "skip_thought_signature_validator",
        None,
    ]


async def test_a_result_has_the_name_of_its_call(bench: Bench) -> None:
    reply = ModelResponse(parts=[ToolCallPart("lookup", {}, "call_1")])
    told = (await turns(bench, user("hi"), reply, result("tool", "call_1")))[-1]
    assert told["parts"][0]["functionResponse"]["name"] == "lookup"


async def test_a_blocked_prompt_is_an_empty_answer(bench: Bench) -> None:
    answer = await bench.ask("/fake refuse dialect=blocked")
    assert (answer.text, answer.reply.finish_reason) == ("", "content_filter")


async def test_an_error_that_ends_the_stream_without_an_event_is_understood(bench: Bench) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await bench.ask("/fake error after=3 code=429 dialect=bare")
    assert (caught.value.body.status, caught.value.retryable) == (429, True)
