"""A run that embeds texts and asks no agent: what `/v1/embeddings` asks for (contract §1.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

import orjson
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.agent.model_span import provider_name
from openclaw_agent_worker.backoff import Backoff
from openclaw_agent_worker.measured import WorkerCounts
from openclaw_agent_worker.models.embeddings import Embedded, EmbeddingModel
from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_agent_worker.models.registry import ModelUnavailable
from openclaw_agent_worker.models.selection import Bench
from openclaw_common.contracts.run import EmbeddingsInvocation, RunResult, Usage
from openclaw_common.runtime import tracing
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.runtime.tracing import Kind
from openclaw_common.runtime.tracing_encoding import Value

NOT_CONFIGURED: Final = "embedding_model_not_configured"


class EmbeddingModels(Protocol):
    """Where embedding models come from."""

    def embedding(self, reference: str) -> EmbeddingModel:
        """Return the model that `provider/model` names. Raises ModelUnavailable."""
        ...

    def credential_id(self, reference: str) -> str:
        """Return what names the credential that it is called with. Raises ModelUnavailable."""
        ...


class Embedder:
    """Asks embedding models, with the retries and the rests of keys that agents' models have."""

    def __init__(
        self, models: EmbeddingModels, backoff: Backoff, bench: Bench, counts: WorkerCounts
    ) -> None:
        self._models = models
        self._backoff = backoff
        self._bench = bench
        self._counts = counts

    async def embed(self, invocation: EmbeddingsInvocation, agent: Agent) -> RunResult:
        """Return the result of the run, whose output is JSON. Raises GatewayError."""
        reference = invocation.model or _model_of(agent)
        model = self._models.embedding(reference)
        credential = self._models.credential_id(reference)
        vectors: list[str] = []
        tokens = 0
        for start in range(0, len(invocation.texts), model.most_texts):
            texts = invocation.texts[start : start + model.most_texts]
            ask = partial(
                model.embed,
                texts,
                invocation.dimensions,
                timeout_s=agent.model_idle_timeout_seconds,
            )
            embedded = await self._tried(credential, partial(self._asked, reference, ask))
            vectors += embedded.vectors
            tokens += embedded.prompt_tokens
        usage = Usage(prompt_tokens=tokens, total_tokens=tokens)
        return RunResult(orjson.dumps({"vectors": vectors}).decode(), usage=usage)

    async def _tried(self, credential: str, ask: Callable[[], Awaitable[Embedded]]) -> Embedded:
        tried = 0
        while True:
            await self._bench.check(credential)
            try:
                return await ask()
            except UpstreamFailure as failure:
                tried += 1
                delay_s = self._backoff.delay_s(failure, tried)
                if delay_s is None:
                    await self._bench.note(credential, failure)
                    raise
                await self._backoff.sleep(delay_s)

    async def _asked(self, reference: str, ask: Callable[[], Awaitable[Embedded]]) -> Embedded:
        """Ask once, counted and in a span of its own."""
        provider, _, model = reference.partition("/")
        values: dict[str, Value] = {
            "openinference.span.kind": "EMBEDDING",
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": provider_name(provider),
            "gen_ai.request.model": model,
        }
        with (
            self._counts.request(provider, model) as timing,
            tracing.inside(f"embeddings {model}", Kind.CLIENT, values) as span,
        ):
            embedded = await ask()
            timing.used(RequestUsage(input_tokens=embedded.prompt_tokens))
            if span is not None:
                span.put({"gen_ai.usage.input_tokens": embedded.prompt_tokens})
            return embedded


def _model_of(agent: Agent) -> str:
    search = agent.memory_search
    provider = search.provider or (agent.model.primary or "").partition("/")[0]
    if not search.model or not provider:
        raise ModelUnavailable(
            f"Agent '{agent.id}' has no embedding model; set agents.defaults.memorySearch.model, "
            "and .provider where it is not that of the agent's model.",
            NOT_CONFIGURED,
        )
    return f"{provider}/{search.model}"
