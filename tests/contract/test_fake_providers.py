"""The providers' own SDKs, as clients, are content with the fake provider.

It is what the adapters are tested against, so it has to speak the protocols as their owners'
clients know them: these validate every answer and event against its published type.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock
from openai.types.responses import (
    ResponseErrorEvent,
    ResponseFunctionToolCall,
    ResponseIncompleteEvent,
    ResponseOutputMessage,
    ResponseReasoningItem,
    ResponseStreamEvent,
)

from tests.fakes.provider import FakeProvider, expected_text
from tests.fakes.provider_script import REFUSAL

KEY = "sk-fake"


def asking(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider(api_key=KEY) as provider, asyncio.timeout(20):
        yield provider


@pytest.fixture
async def claude(provider: FakeProvider) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        api_key=KEY,
        base_url=provider.root_url,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture
async def gpt(provider: FakeProvider) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key=KEY,
        base_url=provider.base_url,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


async def message(client: anthropic.AsyncAnthropic, text: str) -> anthropic.types.Message:
    stream = client.messages.stream(model="claude", max_tokens=100, messages=asking(text))
    async with stream as events:
        return await events.get_final_message()


async def response(client: openai.AsyncOpenAI, text: str) -> Any:
    async with client.responses.stream(model="gpt", input=text) as events:
        return await events.get_final_response()


async def events_of(client: openai.AsyncOpenAI, text: str) -> list[ResponseStreamEvent]:
    stream = await client.responses.create(model="gpt", input=text, stream=True)
    return [event async for event in stream]


async def test_messages_with_thinking(claude: anthropic.AsyncAnthropic) -> None:
    said = await message(claude, "/fake text tokens=5 reasoning=2 cached=7")
    thinking, text = said.content
    assert isinstance(thinking, ThinkingBlock)
    assert (thinking.thinking, bool(thinking.signature)) == ("think0 think1 ", True)
    assert isinstance(text, TextBlock)
    assert text.text == expected_text(5)
    assert (said.stop_reason, said.usage.cache_read_input_tokens) == ("end_turn", 7)


async def test_messages_that_are_not_streamed(claude: anthropic.AsyncAnthropic) -> None:
    said = await claude.messages.create(
        model="claude", max_tokens=9, messages=asking("/fake text tokens=3")
    )
    assert isinstance(said.content[0], TextBlock)
    assert said.content[0].text == expected_text(3)


async def test_tool_calls_of_messages(claude: anthropic.AsyncAnthropic) -> None:
    said = await message(claude, "/fake tool n=2")
    calls = [block for block in said.content if isinstance(block, ToolUseBlock)]
    assert [call.input for call in calls] == [{"q": "weather in Paris"}] * 2
    assert said.stop_reason == "tool_use"


async def test_a_refused_message(claude: anthropic.AsyncAnthropic) -> None:
    assert (await message(claude, "/fake refuse")).stop_reason == "refusal"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 429, 500, 529])
async def test_errors_of_messages(claude: anthropic.AsyncAnthropic, code: int) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await message(claude, f"/fake status code={code}")
    assert caught.value.status_code == code
    assert caught.value.type is not None


async def test_an_error_inside_a_stream_of_messages(claude: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await message(claude, "/fake error after=2 code=529")
    assert caught.value.type == "overloaded_error"


async def test_a_wrong_key_of_anthropic(provider: FakeProvider) -> None:
    async with anthropic.AsyncAnthropic(
        api_key="other", base_url=provider.root_url, max_retries=0
    ) as client:
        with pytest.raises(anthropic.AuthenticationError):
            await message(client, "hello")


async def test_a_response_with_reasoning(gpt: openai.AsyncOpenAI) -> None:
    said = await response(gpt, "/fake text tokens=5 reasoning=2 cached=7")
    reasoning, text = said.output
    assert isinstance(reasoning, ResponseReasoningItem)
    assert reasoning.summary[0].text == "think0 think1 "
    assert reasoning.encrypted_content
    assert isinstance(text, ResponseOutputMessage)
    assert said.output_text == expected_text(5)
    assert (said.status, said.usage.input_tokens_details.cached_tokens) == ("completed", 7)


async def test_a_response_that_is_not_streamed(gpt: openai.AsyncOpenAI) -> None:
    said = await gpt.responses.create(model="gpt", input="/fake text tokens=3")
    assert said.output_text == expected_text(3)


async def test_tool_calls_of_a_response(gpt: openai.AsyncOpenAI) -> None:
    said = await response(gpt, "/fake tool n=2")
    calls = [item for item in said.output if isinstance(item, ResponseFunctionToolCall)]
    assert [call.arguments for call in calls] == ['{"q":"weather in Paris"}'] * 2


async def test_a_refused_response(gpt: openai.AsyncOpenAI) -> None:
    (item,) = (await response(gpt, "/fake refuse")).output
    assert item.content[0].refusal == REFUSAL


async def test_a_response_that_reached_its_limit(gpt: openai.AsyncOpenAI) -> None:
    last = (await events_of(gpt, "/fake text tokens=2 finish=length"))[-1]
    assert isinstance(last, ResponseIncompleteEvent)
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 503])
async def test_errors_of_responses(gpt: openai.AsyncOpenAI, code: int) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await response(gpt, f"/fake status code={code}")
    assert caught.value.status_code == code


async def test_an_error_inside_the_stream_of_a_response(gpt: openai.AsyncOpenAI) -> None:
    last = (await events_of(gpt, "/fake error after=2 code=429"))[-1]
    assert isinstance(last, ResponseErrorEvent)
    assert last.code == "rate_limit_exceeded"


async def test_chat_completions(gpt: openai.AsyncOpenAI) -> None:
    stream = gpt.chat.completions.stream(
        model="gpt",
        messages=asking("/fake text tokens=4"),
        stream_options={"include_usage": True},
    )
    async with stream as events:
        said = await events.get_final_completion()
    assert said.choices[0].message.content == expected_text(4)
    assert said.usage is not None
    assert said.usage.completion_tokens == 4
