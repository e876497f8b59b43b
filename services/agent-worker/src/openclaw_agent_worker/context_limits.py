"""How much of a session a model can be sent, by what the configuration says of it."""

from __future__ import annotations

from typing import Final

from openclaw_agent_worker.agent.port import ContextLimits
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.runtime.config.models import Model

UNKNOWN_WINDOW: Final = 128_000
"""Tokens of a model of which nothing is said."""


def context_limits(
    config: Config, agent: Agent, reference: str, request: RunRequest
) -> ContextLimits:
    """Return the limits of `reference`, given as `provider/model`."""
    compaction = agent.compaction
    window = _window(config, agent, reference)
    model = _model(config, reference)
    answer = request.sampling.max_tokens or (model.max_tokens if model else None)
    reserve = min(answer, window // 2) if answer else min(compaction.reserve_tokens, window // 4)
    writer = compaction.model or reference
    return ContextLimits(
        window=window,
        reserve=reserve,
        keep_recent=compaction.keep_recent_tokens,
        summary=min(compaction.summary_tokens, max(window // 8, 1)),
        summary_model=writer if compaction.enabled else None,
        summary_window=_window(config, agent, writer),
        messages=config.runs.transcript_max_messages,
    )


def _window(config: Config, agent: Agent, reference: str) -> int:
    model = _model(config, reference)
    known = model.context_window if model else None
    most = agent.context_tokens
    return min(known, most) if known and most else known or most or UNKNOWN_WINDOW


def _model(config: Config, reference: str) -> Model | None:
    name, _, model_id = reference.partition("/")
    provider = config.models.providers.get(name)
    if provider is None:
        return None
    return next((model for model in provider.models if model.id == model_id), None)
