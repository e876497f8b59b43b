"""What the delivery service counts of attempts and of what platforms answered."""

from __future__ import annotations

from openclaw_channels.base import RateLimited, SendFailure
from openclaw_common.contracts.delivery_history import Outcome
from openclaw_common.runtime.metrics.instruments import (
    DELIVERIES,
    DELIVERY_DURATION,
    PLATFORM_FAILURES,
    RATE_LIMITED,
)
from openclaw_common.runtime.metrics.recorder import Metrics


class DeliveryCounts:
    """The instruments of one delivery process; channels come from the accounts that there are."""

    def __init__(self, metrics: Metrics) -> None:
        self._ended = metrics.counter(DELIVERIES)
        self._duration = metrics.histogram(DELIVERY_DURATION)
        self._failures = metrics.counter(PLATFORM_FAILURES)
        self._limited = metrics.counter(RATE_LIMITED)

    def attempt_ended(self, channel: str, outcome: str, seconds: float) -> None:
        """An attempt at a delivery has ended."""
        self._ended.add(1, channel, outcome)
        self._duration.record(seconds, channel)

    def failure(self, channel: str, failure: SendFailure, outcome: Outcome) -> None:
        """A platform did not answer with a receipt."""
        self._failures.add(1, channel, outcome.value)
        if isinstance(failure, RateLimited):
            self._limited.add(1, channel, "platform")
