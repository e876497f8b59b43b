"""The official `openai` Python SDK, unchanged, against the gateway."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.fakes.provider import expected_text
from tests.harness.fleet import TOKEN, Fleet

pytestmark = pytest.mark.asyncio(loop_scope="package")

TOOLS: list[ChatCompletionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": "lookup",
            "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
        },
    }
]


@pytest_asyncio.fixture(loop_scope="package")
async def client(fleet: Fleet) -> AsyncIterator[openai.AsyncOpenAI]:
    """The SDK as an application sets it up."""
    async with openai.AsyncOpenAI(
        base_url=f"{fleet.ingresses[0].url}/v1", api_key=TOKEN, max_retries=0
    ) as client:
        yield client


def say(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


async def test_a_completion_has_text_usage_and_the_gateways_id(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="openclaw", messages=say("/fake text tokens=5")
    )
    assert answer.choices[0].message.content == expected_text(5)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.id.startswith("chatcmpl_")
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


async def test_a_stream_has_text_finish_reason_and_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="openclaw",
        messages=say("/fake text tokens=5"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(deltas) == expected_text(5)
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_client_tool_goes_there_and_back(
    client: openai.AsyncOpenAI, streamed: bool
) -> None:
    question = say("/fake tool name=lookup")
    if streamed:
        async with client.chat.completions.stream(
            model="openclaw", messages=question, tools=TOOLS
        ) as stream:
            first = (await stream.get_final_completion()).choices[0]
    else:
        answer = await client.chat.completions.create(
            model="openclaw", messages=question, tools=TOOLS
        )
        first = answer.choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.tool_calls is not None
    call = first.message.tool_calls[0]
    assert call.type == "function"
    assert call.function.name == "lookup"
    assert json.loads(call.function.arguments) == {"q": "weather in Paris"}
    follow_up: list[ChatCompletionMessageParam] = [
        *question,
        {
            "role": "assistant",
            "content": first.message.content,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": "lookup", "arguments": call.function.arguments},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    second = await client.chat.completions.create(model="openclaw", messages=follow_up, tools=TOOLS)
    assert second.choices[0].message.content == "The tool said: sunny"


async def test_a_failure_in_mid_stream_is_raised_as_an_api_error(
    client: openai.AsyncOpenAI,
) -> None:
    stream = await client.chat.completions.create(
        model="openclaw", messages=say("/fake error after=3"), stream=True
    )
    texts: list[str] = []

    async def read() -> None:
        async for chunk in stream:
            texts.append(chunk.choices[0].delta.content or "")  # noqa: PERF401 - kept on failure

    with pytest.raises(openai.APIError):
        await read()
    assert "".join(texts) == expected_text(3)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
async def test_an_upstream_failure_is_raised_as_the_sdks_own_error(
    client: openai.AsyncOpenAI, code: int, error: type[openai.APIStatusError]
) -> None:
    with pytest.raises(error):
        await client.chat.completions.create(
            model="openclaw", messages=say(f"/fake status code={code} retry_after=0")
        )
    after = await client.chat.completions.create(
        model="openclaw", messages=say("/fake text tokens=2")
    )
    assert after.choices[0].message.content == expected_text(2)


async def test_a_wrong_token_is_an_authentication_error(fleet: Fleet) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{fleet.ingresses[0].url}/v1", api_key="wrong", max_retries=0
    ) as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            await client.models.list()
    assert refused.value.type == "authentication_error"


async def test_models_are_listed_and_read(client: openai.AsyncOpenAI) -> None:
    ids = [model.id async for model in client.models.list()]
    assert ids == ["openclaw", "openclaw/default", "openclaw/main"]
    assert (await client.models.retrieve("openclaw")).id == "openclaw"
