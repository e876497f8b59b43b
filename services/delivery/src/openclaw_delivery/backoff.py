"""When a delivery is tried again (run-api.md §4.4, reliability.md §3.10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_channels.base import RateLimited, SendFailure
from openclaw_common.contracts.delivery_history import DeliveryHistory

JITTER: Final = 0.2
"""Share of a scheduled wait that chance adds or takes at most."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again in `delay_s` seconds; `counts` says that this failure is one of the schedule's."""

    delay_s: float
    counts: bool


@dataclass(frozen=True, slots=True)
class Backoff:
    """The retry schedule; `random` gives a float in [0, 1).

    Being refused for a rate is no failed try, up to `max_rate_limits` in a row: the platform has
    said when it will do.
    """

    schedule_s: Sequence[float]
    max_retry_after_s: float
    max_rate_limits: int
    random: Callable[[], float]

    def after(
        self, failure: SendFailure, history: DeliveryHistory, *, floor_s: float = 0.0
    ) -> Retry | None:
        """Return the next try after `failure`, which `history` does not hold yet; None: no more.

        It is made no earlier than the platform asked for, and than `floor_s` seconds.
        """
        if isinstance(failure, RateLimited):
            floor_s = max(floor_s, min(failure.retry_after_s, self.max_retry_after_s))
            if history.rate_limits < self.max_rate_limits:
                return Retry(floor_s, counts=False)
        if history.failures >= len(self.schedule_s):
            return None
        planned_s = self.schedule_s[history.failures]
        chance = 1 + JITTER * (2 * self.random() - 1)
        return Retry(max(floor_s, planned_s * chance), counts=True)
