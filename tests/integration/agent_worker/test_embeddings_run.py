"""Runs that embed texts, through the queue."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from openclaw_agent_worker.models.embeddings import OpenAIEmbeddings
from openclaw_common.contracts.run import EmbeddingsInvocation, RunStatus
from openclaw_common.runtime.metrics.instruments import MODEL_CALLS, TOKENS
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.store.runs import RunRecord
from tests.fakes.provider import Script
from tests.integration.agent_worker.conftest import Bench
from tests.integration.agent_worker.test_traces import named, traced

MODEL = {"memorySearch": {"model": "vectors"}}


@pytest.fixture
def sections() -> dict[str, Any]:
    defaults = {"model": "fake/m", **MODEL}
    entries: dict[str, Any] = {"main": {}, "without": {"memorySearch": {}}}
    return {"agents": {"defaults": defaults, "entries": entries}}


async def embedded(bench: Bench, *texts: str, agent_id: str = "main") -> RunRecord:
    invocation = EmbeddingsInvocation(texts)
    record, _ = await bench.run(source="embeddings", embeddings=invocation, agent_id=agent_id)
    return record


async def test_a_run_gives_the_vectors_and_what_they_used(bench: Bench) -> None:
    record = await embedded(bench, "a", "b")
    assert record.status is RunStatus.COMPLETED
    assert record.result is not None
    assert len(orjson.loads(record.result.output)["vectors"]) == 2
    assert (record.result.usage.prompt_tokens, record.result.usage.total_tokens) == (2, 2)
    assert bench.provider.requests[0].body["model"] == "vectors"


async def test_more_texts_than_a_request_takes_make_several(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIEmbeddings, "most_texts", 2)
    record = await embedded(bench, "a", "b", "c")
    assert record.result is not None
    assert len(orjson.loads(record.result.output)["vectors"]) == 3
    assert [len(r.body["input"]) for r in bench.provider.requests] == [2, 1]


async def test_each_request_is_counted_with_its_tokens_and_has_a_span(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="status", code=400))
    metrics = Metrics()
    async with traced(bench, metrics=metrics) as recorded:
        await embedded(bench, "refused")
        await embedded(bench, "a", "b")
    calls = metrics.counter(MODEL_CALLS).values
    assert calls == {("fake", "vectors", "error"): 1, ("fake", "vectors", "ok"): 1}
    assert metrics.counter(TOKENS).values == {("fake", "vectors", "input"): 2}
    failed, answered = named(recorded, "embeddings vectors")
    assert failed["error.type"]
    assert answered["gen_ai.usage.input_tokens"] == 2
    assert answered["gen_ai.operation.name"] == "embeddings"


async def test_a_fault_that_may_pass_is_waited_for(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="status", code=503))
    assert (await embedded(bench, "a")).status is RunStatus.COMPLETED
    assert len(bench.slept) == 1


async def test_a_refusal_is_the_runs_error(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="status", code=400, message="too long"))
    error = (await embedded(bench, "a")).error
    assert error is not None
    assert (error.status, error.message) == (400, "too long")


async def test_an_agent_without_an_embedding_model_says_what_to_set(bench: Bench) -> None:
    error = (await embedded(bench, "a", agent_id="without")).error
    assert error is not None
    assert (error.status, error.code) == (500, "embedding_model_not_configured")
    assert "memorySearch.model" in error.message


class TestRests:
    """A refused key rests."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        defaults = {"model": "fake/m", **MODEL}
        rest = {"providerBenchUnauthorizedSeconds": 60}
        return {"agents": {"defaults": defaults}, "worker": rest}

    async def test_a_key_that_was_refused_is_not_tried_again(self, bench: Bench) -> None:
        bench.provider.enqueue(Script(verb="status", code=401, message="spoilt"))
        errors = [(await embedded(bench, "a")).error for _ in range(2)]
        assert [error and error.status for error in errors] == [401, 401]
        assert len(bench.provider.requests) == 1
