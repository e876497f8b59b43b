"""What replies used, as one number each."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_ai.messages import ModelResponse

from openclaw_common.contracts.run import Usage


def total_usage(replies: Iterable[ModelResponse]) -> Usage:
    """Return the sum over all replies of a turn."""
    prompt = completion = total = cached = reasoning = 0
    for reply in replies:
        usage, details = reply.usage, reply.usage.details
        prompt += usage.input_tokens
        completion += usage.output_tokens
        used = usage.input_tokens + usage.output_tokens
        total += max(used, details.get("total_tokens", 0))
        cached += usage.cache_read_tokens
        reasoning += details.get("reasoning_tokens", 0)
    return Usage(prompt, completion, total, cached, reasoning)
