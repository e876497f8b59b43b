"""What is done with a message for a busy session: as the request says, its agent, or the config."""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.contracts.multitask import STRATEGIES, MultitaskRule
from openclaw_common.runtime.config import Agent, Config
from openclaw_ingress.schemas import fields

MEMBER: Final = "multitask_strategy"


def multitask_rule(
    config: Config, agent: Agent, channel: str, asked: str | None = None
) -> MultitaskRule:
    """Return the rule for a message of `channel` to `agent`; `asked` is the request's strategy."""
    queue = config.messages.queue
    strategy = asked or agent.multitask_strategy or queue.strategy(channel)
    return MultitaskRule(strategy, queue.cap, queue.drop)


def asked_strategy(body: dict[str, Any]) -> str | None:
    """Return the strategy that a body asks for, None for none. Raises InvalidRequest."""
    return fields.choice(body, MEMBER, STRATEGIES)
