"""What one API key may still do, as admit found it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from openclaw_common.contracts.api_key import KeyLimits
from openclaw_common.contracts.errors import RateLimited


@dataclass(frozen=True, slots=True)
class LimitState:
    """The limits of a key, what was used of each, and in how many ms the use is forgotten.

    `reset_requests_ms` is when all requests are there again, `retry_ms` when the next one is.
    """

    limits: KeyLimits
    requests: int
    tokens: int
    in_progress: int
    queued: int
    reset_requests_ms: int
    reset_tokens_ms: int
    retry_ms: int

    @classmethod
    def read(cls, limits: KeyLimits, reply: list[Any]) -> LimitState:
        """Return what admit answered."""
        return cls(limits, *(int(value) for value in reply))

    def refusal(self, which: str) -> RateLimited:
        """Return the error for the limit that admit names."""
        limits = self.limits
        message, wait_ms = {
            "requests": (
                f"This key may ask for {limits.requests_per_minute} runs a minute; retry later.",
                self.retry_ms,
            ),
            "tokens": (
                f"This key may use {limits.tokens_per_day} tokens a day; retry tomorrow (UTC).",
                self.reset_tokens_ms,
            ),
            "queued": (
                f"This key may have {limits.queued_runs} runs waiting; retry when some have ended.",
                1000,
            ),
        }[which]
        return RateLimited(message, retry_after_s=wait_ms / 1000)


@dataclass(frozen=True, slots=True)
class Charge:
    """The key against whose limits a run counts; `report` is told how they stand then."""

    key_id: str
    limits: KeyLimits
    report: Callable[[LimitState], None]

    def field(self) -> bytes:
        """Return the record field by which the steps of a run find the key and its limits."""
        return orjson.dumps(
            {
                "id": self.key_id,
                "requests": self.limits.requests_per_minute,
                "in_progress": self.limits.runs_in_progress,
                "queued": self.limits.queued_runs,
                "tokens": self.limits.tokens_per_day,
            }
        )
