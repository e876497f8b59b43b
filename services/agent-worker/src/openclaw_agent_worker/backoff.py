"""When a failed request to a provider is made again within an attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from openclaw_agent_worker.models.errors import UpstreamFailure

DELAYS_S: Final = (1.0, 4.0, 15.0)
JITTER: Final = 0.25
"""Share of a delay that chance adds to it at most."""
MAX_RETRY_AFTER_S: Final = 15.0
"""A provider that asks for a longer wait is not waited for."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between tries; `random` gives a float in [0, 1)."""

    max_tries: int
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]

    def delay_s(self, failure: UpstreamFailure, tried: int) -> float | None:
        """Return the wait after `tried` tries, in seconds, or None to give up."""
        if not failure.retryable or tried >= self.max_tries:
            return None
        asked = failure.retry_after_s or 0.0
        if asked > MAX_RETRY_AFTER_S:
            return None
        delay = DELAYS_S[min(tried, len(DELAYS_S)) - 1]
        return max(asked, delay * (1 + JITTER * self.random()))
