"""What Discord says of its limits in the headers of every answer.

https://docs.discord.com/developers/topics/rate-limits: a bucket that is used up must not be asked
again before it is full; whoever collects 10,000 refusals in 10 minutes is locked out.
"""

from __future__ import annotations

from openclaw_channels.base import ACCOUNT, DESTINATION, RateLimited
from openclaw_channels.platform_http import Answer
from openclaw_channels.remembered import Remembered
from openclaw_common.runtime.clock import Clock


class LearnedLimits:
    """Which routes are used up, and until when; a route is a method and its channel or webhook."""

    def __init__(self, clock: Clock, entries: int) -> None:
        self._clock = clock
        self._until: Remembered[float] = Remembered(clock, 0, entries)

    def check(self, route: str) -> None:
        """Raise RateLimited while the route is known to be used up."""
        until = self._until.get(route)
        if until is not None:
            wait = max(until - self._clock.monotonic(), 0.001)
            raise RateLimited(
                "Discord's limit for this channel is used up.", retry_after_s=wait, http_status=None
            )

    def learn(self, route: str, answer: Answer) -> None:
        """Take note of an answer's X-RateLimit headers."""
        left, reset = (
            answer.seconds("X-RateLimit-Remaining"),
            answer.seconds("X-RateLimit-Reset-After"),
        )
        if left == 0 and reset and answer.status != 429:
            self._until.put(route, self._clock.monotonic() + reset, seconds=reset)


def rate_limited(answer: Answer, default_s: float) -> RateLimited:
    """Return what a 429 says; without a JSON body it comes from the proxy and holds for all."""
    body = answer.json()
    told = body if isinstance(body, dict) else {}
    wait = told.get("retry_after")
    if not isinstance(wait, (int, float)) or isinstance(wait, bool):
        wait = answer.seconds("Retry-After")
    everything = (
        not told
        or told.get("global") is True
        or answer.headers.get("X-RateLimit-Scope") == "global"
        or answer.headers.get("X-RateLimit-Global", "").lower() == "true"
    )
    code = told.get("code")
    return RateLimited(
        "Discord asks to wait.",
        retry_after_s=default_s if wait is None else max(float(wait), 0.0),
        scope=ACCOUNT if everything else DESTINATION,
        code=str(code) if code else None,
    )
