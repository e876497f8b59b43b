"""What replies used, as one number each."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_ai.messages import ModelResponse

from openclaw_agent_worker.models.usage import COST_NANO_USD, REASONING_TOKENS
from openclaw_common.contracts.run import Usage

NANO = 1_000_000_000


def total_usage(replies: Iterable[ModelResponse]) -> Usage:
    """Return the sum over all replies of a turn."""
    prompt = completion = total = cached = reasoning = 0
    cost: int | None = None
    for reply in replies:
        usage, details = reply.usage, reply.usage.details
        prompt += usage.input_tokens
        completion += usage.output_tokens
        used = usage.input_tokens + usage.output_tokens
        total += max(used, details.get("total_tokens", 0))
        cached += usage.cache_read_tokens
        reasoning += details.get(REASONING_TOKENS, 0)
        if COST_NANO_USD in details:
            cost = (cost or 0) + details[COST_NANO_USD]
    cost_usd = None if cost is None else cost / NANO
    return Usage(prompt, completion, total, cached, reasoning, cost_usd)
