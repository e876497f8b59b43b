"""Google's own SDK, as a client, is content with the fake provider; see test_fake_providers.py.

Its models forbid members that they do not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from google.genai import Client, errors, types

from tests.fakes.provider import FakeProvider, expected_text

KEY = "sk-fake"
MODEL = "gemini-2.5-flash"


@asynccontextmanager
async def client_of(provider: FakeProvider, key: str = KEY) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient() as http:
        options = types.HttpOptions(
            base_url=provider.root_url,
            httpx_async_client=http,
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        client = Client(api_key=key, vertexai=False, http_options=options)
        yield client
        client.close()


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider(api_key=KEY) as provider, asyncio.timeout(20):
        yield provider


@pytest.fixture
async def gemini(provider: FakeProvider) -> AsyncIterator[Client]:
    async with client_of(provider) as client:
        yield client


async def streamed(client: Client, text: str) -> list[types.GenerateContentResponse]:
    stream = await client.aio.models.generate_content_stream(model=MODEL, contents=text)
    return [event async for event in stream]


def parts_of(events: list[types.GenerateContentResponse]) -> list[types.Part]:
    contents = [candidate.content for event in events for candidate in event.candidates or ()]
    return [part for content in contents if content for part in content.parts or ()]


async def test_text_with_thoughts(gemini: Client) -> None:
    events = await streamed(gemini, "/fake text tokens=5 reasoning=2 cached=7")
    parts = parts_of(events)
    assert "".join(part.text or "" for part in parts if part.thought) == "think0 think1 "
    assert "".join(part.text or "" for part in parts if not part.thought) == expected_text(5)
    assert [part.thought_signature for part in parts if part.thought_signature] == [b"signed"]
    usage, candidates = events[-1].usage_metadata, events[-1].candidates
    assert usage is not None
    assert candidates
    assert (usage.cached_content_token_count, usage.thoughts_token_count) == (7, 2)
    assert candidates[0].finish_reason is types.FinishReason.STOP


async def test_text_that_is_not_streamed(gemini: Client) -> None:
    said = await gemini.aio.models.generate_content(model=MODEL, contents="/fake text tokens=3")
    assert said.text == expected_text(3)


async def test_tool_calls(gemini: Client) -> None:
    calls = parts_of(await streamed(gemini, "/fake tool n=2"))
    arguments = [part.function_call.args for part in calls if part.function_call]
    assert arguments == [{"q": "weather in Paris"}] * 2
    assert [part.thought_signature for part in calls] == [b"signed", None]


@pytest.mark.parametrize(
    ("script", "reason"),
    [("refuse", types.FinishReason.SAFETY), ("text finish=length", types.FinishReason.MAX_TOKENS)],
)
async def test_reasons_to_stop(gemini: Client, script: str, reason: types.FinishReason) -> None:
    candidates = (await streamed(gemini, f"/fake {script}"))[-1].candidates
    assert candidates
    assert candidates[0].finish_reason is reason


async def test_a_blocked_prompt(gemini: Client) -> None:
    (event,) = await streamed(gemini, "/fake refuse dialect=blocked")
    assert event.prompt_feedback is not None
    assert event.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 503])
async def test_errors(gemini: Client, code: int) -> None:
    with pytest.raises(errors.APIError) as caught:
        await streamed(gemini, f"/fake status code={code}")
    assert caught.value.code == code
    assert caught.value.status


@pytest.mark.parametrize("dialect", ["plain", "bare"])
async def test_an_error_inside_a_stream(gemini: Client, dialect: str) -> None:
    with pytest.raises(errors.APIError) as caught:
        await streamed(gemini, f"/fake error after=2 code=429 dialect={dialect}")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")


async def test_a_wrong_key(provider: FakeProvider) -> None:
    async with client_of(provider, "other") as client:
        with pytest.raises(errors.ClientError):
            await streamed(client, "hello")
