"""`POST /v1/embeddings` as the official `openai` SDK and plain HTTP use it (contract §1.3)."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio

from tests.fakes.embeddings import vector_of
from tests.harness.fleet import TOKEN, Fleet

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def client(fleet: Fleet) -> AsyncIterator[openai.AsyncOpenAI]:
    """The SDK as an application sets it up."""
    async with openai.AsyncOpenAI(
        base_url=f"{fleet.ingresses[0].url}/v1", api_key=TOKEN, max_retries=0
    ) as client:
        yield client


async def test_the_sdk_gets_vectors_in_order_with_usage(client: openai.AsyncOpenAI) -> None:
    # It asks for base64 unless told otherwise.
    answer = await client.embeddings.create(model="openclaw", input=["a", "bcd"])
    assert [item.embedding for item in answer.data] == [vector_of("a"), vector_of("bcd")]
    assert [item.index for item in answer.data] == [0, 1]
    assert (answer.model, answer.usage.prompt_tokens) == ("openclaw", 2)


async def test_numbers_come_as_numbers_where_they_are_asked_for(
    client: openai.AsyncOpenAI,
) -> None:
    answer = await client.embeddings.create(
        model="openclaw/main", input="a", encoding_format="float", dimensions=6
    )
    assert answer.data[0].embedding == vector_of("a", 6)


async def test_a_fault_of_the_request_is_an_error_of_openai(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Too many inputs"):
        await client.embeddings.create(model="openclaw", input=["a"] * 200)


async def test_a_provider_that_is_not_the_agents_is_refused(fleet: Fleet) -> None:
    url = fleet.ingresses[0].url + "/v1/embeddings"
    headers = {**fleet.headers, "x-openclaw-model": "other/m"}
    body = {"model": "openclaw", "input": "a"}
    async with fleet.session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 400
        assert "does not allow that embedding provider" in (await answer.json())["error"]["message"]


async def test_a_body_over_five_mebibytes_is_refused(fleet: Fleet) -> None:
    url = fleet.ingresses[0].url + "/v1/embeddings"
    body = io.BytesIO(b'{"model":"openclaw","input":"' + b"a" * 5_242_880 + b'"}')
    async with fleet.session.post(url, data=body, headers=fleet.headers) as answer:
        assert answer.status == 413


async def test_nobody_embeds_without_a_key(fleet: Fleet) -> None:
    url = fleet.ingresses[0].url + "/v1/embeddings"
    async with fleet.session.post(url, json={"model": "openclaw", "input": "a"}) as answer:
        assert answer.status == 401
