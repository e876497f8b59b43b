"""What an answer used, in the terms of the contract and of the configured prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic_ai.usage import RequestUsage

from openclaw_common.runtime.config.models import Cost

COST_NANO_USD: Final = "cost_nano_usd"
"""Detail of a RequestUsage: what the request cost, in 10⁻⁹ US dollars; absent where unknown.

A whole number because details are, and add up over the requests of a run.
"""
REASONING_TOKENS: Final = "reasoning_tokens"

_REASONING_NAMES: Final = (REASONING_TOKENS, "thoughts_tokens", "thinking_tokens")
_NANO_PER_MILLIONTH: Final = 1000


def cost_nano_usd(usage: RequestUsage, cost: Cost) -> int:
    """Return what `usage` costs, in 10⁻⁹ US dollars; cached tokens are part of the input tokens."""
    plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    micro_usd = (
        max(0, plain) * cost.input
        + usage.cache_read_tokens * cost.cache_read
        + usage.cache_write_tokens * cost.cache_write
        + usage.output_tokens * cost.output
    )
    return round(micro_usd * _NANO_PER_MILLIONTH)


def priced(usage: RequestUsage, cost: Cost | None) -> RequestUsage:
    """Return `usage` with its cost, and with reasoning tokens under the one name `usage` has."""
    details = usage.details
    reasoning = next((details[name] for name in _REASONING_NAMES if name in details), None)
    added = {REASONING_TOKENS: reasoning} if reasoning is not None else {}
    if cost is not None:
        added[COST_NANO_USD] = cost_nano_usd(usage, cost)
    return replace(usage, details={**details, **added}) if added else usage
