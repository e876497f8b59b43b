"""What the worker counts of runs, models and tools; made once, lent to whoever has something.

Labels are held to the configuration: an agent or a model that it does not name is `other`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.usage import COST_NANO_USD, REASONING_TOKENS
from openclaw_common.contracts.errors import GatewayError
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.metrics.instruments import (
    CHUNK_GAP,
    COST,
    FIRST_CHUNK,
    MODEL_CALLS,
    MODEL_DURATION,
    RUN_COMPLETED,
    RUN_DURATION,
    TOKENS,
    TOOL_CALLS,
    TOOL_DURATION,
)
from openclaw_common.runtime.metrics.recorder import OTHER, Metrics, known

NANO: Final = 1_000_000_000


class WorkerCounts:
    """The instruments of one worker process."""

    def __init__(self, metrics: Metrics, config: Config) -> None:
        self.agent = known(config.agents.entries)
        self.model = known(_models(config))
        self.runs = metrics.counter(RUN_COMPLETED)
        self.run_duration = metrics.histogram(RUN_DURATION)
        self.model_duration = metrics.histogram(MODEL_DURATION)
        self.first_chunk = metrics.histogram(FIRST_CHUNK)
        self.chunk_gap = metrics.histogram(CHUNK_GAP)
        self.model_calls = metrics.counter(MODEL_CALLS)
        self.tokens = metrics.counter(TOKENS)
        self.cost = metrics.counter(COST)
        self.tool_calls = metrics.counter(TOOL_CALLS)
        self.tool_duration = metrics.histogram(TOOL_DURATION)

    def run_ended(self, agent_id: str, source: str, status: str, seconds: float) -> None:
        """An attempt at a run has ended."""
        agent = self.agent(agent_id)
        self.runs.add(1, status, agent, source)
        self.run_duration.record(seconds, status, agent)

    def request(self, provider: str, model_id: str) -> ModelTiming:
        """Return the timing of one request to a model, which is a context manager."""
        named = self.model(f"{provider}/{model_id}")
        return ModelTiming(self, provider, model_id if named != OTHER else OTHER)

    @contextmanager
    def tool(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time one call of a tool; what is yielded takes its outcome, `ok` unless it is told."""
        outcome, began = "ok", time.perf_counter()

        def told(other: str) -> None:
            nonlocal outcome
            outcome = other

        try:
            yield told
        except BaseException:
            outcome = outcome if outcome != "ok" else "error"
            raise
        finally:
            self.tool_calls.add(1, name, outcome)
            self.tool_duration.record(time.perf_counter() - began, name)


class ModelTiming:
    """One request to a model, from entering to leaving it."""

    def __init__(self, counts: WorkerCounts, provider: str, model: str) -> None:
        self._counts = counts
        self._labels = (provider, model)
        self._began = time.perf_counter()
        self._first: float | None = None
        self._last = 0.0
        self._chunks = 0

    def chunk(self) -> None:
        """A piece of the answer came: what one read of the connection held."""
        self._last = time.perf_counter()
        self._chunks += 1
        if self._first is None:
            self._first = self._last

    def used(self, usage: RequestUsage) -> None:
        """The provider said what the request used."""
        counts, details = self._counts, usage.details
        for kind, amount in (
            ("input", usage.input_tokens),
            ("output", usage.output_tokens),
            ("cache_read", usage.cache_read_tokens),
            ("reasoning", details.get(REASONING_TOKENS, 0)),
        ):
            if amount:
                counts.tokens.add(amount, *self._labels, kind)
        if cost := details.get(COST_NANO_USD):
            counts.cost.add(cost / NANO, *self._labels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        counts = self._counts
        outcome, error_type = _outcome(error)
        counts.model_calls.add(1, *self._labels, outcome)
        elapsed = time.perf_counter() - self._began
        counts.model_duration.record(elapsed, *self._labels, error_type)
        if self._first is not None:
            counts.first_chunk.record(self._first - self._began, *self._labels)
            if self._chunks > 1:
                gap = (self._last - self._first) / (self._chunks - 1)
                counts.chunk_gap.record(gap, *self._labels)


def _outcome(error: BaseException | None) -> tuple[str, str]:
    if error is None:
        return "ok", ""
    if isinstance(error, GatewayError):
        return "error", str(error.body.status)
    if isinstance(error, GeneratorExit | asyncio.CancelledError):
        return "cancelled", "cancelled"
    return "error", OTHER


def _models(config: Config) -> Iterator[str]:
    for name, provider in config.models.providers.items():
        yield from (f"{name}/{model.id}" for model in provider.models)
    for agent in config.agents.entries.values():
        choice = agent.model
        yield from (reference for reference in (choice.primary, *choice.fallbacks) if reference)
        search = agent.memory_search
        if search.model:
            yield f"{search.provider or (choice.primary or '').partition('/')[0]}/{search.model}"
