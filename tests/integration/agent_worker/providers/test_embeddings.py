"""Embeddings of every family that has them: what is sent, what comes back, what goes wrong."""

from __future__ import annotations

import asyncio
import struct
from base64 import b64decode
from collections.abc import AsyncIterator

import pytest

from openclaw_agent_worker.models.embeddings import Embedded
from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_agent_worker.models.registry import ModelUnavailable
from tests.fakes.embeddings import vector_of
from tests.fakes.provider import Script
from tests.integration.agent_worker.providers.families import API_KEY, FAMILIES, Bench, bench_of

WITH_EMBEDDINGS = sorted(set(FAMILIES) - {"anthropic-messages"})


@pytest.fixture(params=WITH_EMBEDDINGS)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with bench_of(FAMILIES[request.param]) as bench:
        yield bench


async def embed(bench: Bench, *texts: str, dimensions: int | None = None) -> Embedded:
    model = bench.registry().embedding("fake/embed-model")
    async with asyncio.timeout(10):
        return await model.embed(texts, dimensions, timeout_s=5)


def floats(vector: str) -> list[float]:
    raw = b64decode(vector)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


async def test_vectors_come_in_the_order_of_their_texts(bench: Bench) -> None:
    embedded = await embed(bench, "a", "bcd", "ef")
    assert [floats(v) for v in embedded.vectors] == [vector_of(t) for t in ("a", "bcd", "ef")]
    assert embedded.prompt_tokens == (0 if bench.family.api == "google-generative-ai" else 3)


async def test_the_length_that_is_asked_for_is_what_comes(bench: Bench) -> None:
    (vector,) = (await embed(bench, "a", dimensions=7)).vectors
    assert len(floats(vector)) == 7


async def test_the_request_has_the_key_and_the_configured_headers(bench: Bench) -> None:
    await embed(bench, "a")
    headers = {k.lower(): v for k, v in bench.provider.requests[0].headers.items()}
    assert headers["x-own"] == "header-value"
    assert sum(API_KEY in value for value in headers.values()) == 1


@pytest.mark.parametrize(
    ("code", "status", "retryable"),
    [(400, 400, False), (401, 401, False), (429, 429, True), (500, 502, True), (503, 503, True)],
)
async def test_errors_mean_what_they_mean_of_an_answer(
    bench: Bench, code: int, status: int, retryable: bool
) -> None:
    bench.provider.enqueue(Script(verb="status", code=code, message=f"bad key: {API_KEY}"))
    with pytest.raises(UpstreamFailure) as caught:
        await embed(bench, "a")
    assert (caught.value.body.status, caught.value.retryable) == (status, retryable)
    assert API_KEY not in caught.value.body.message


async def test_an_answer_that_makes_no_sense_is_an_upstream_error(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="rubbish"))
    with pytest.raises(UpstreamFailure) as caught:
        await embed(bench, "a")
    assert caught.value.body.status == 502


async def test_a_family_without_embeddings_says_what_to_set() -> None:
    async with bench_of(FAMILIES["anthropic-messages"]) as bench:
        with pytest.raises(ModelUnavailable, match=r"set memorySearch\.provider"):
            bench.registry().embedding("fake/m")
