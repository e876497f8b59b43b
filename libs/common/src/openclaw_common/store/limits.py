"""The authentication failure limiter, one for all replicas (contract §0.4)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys


class RateLimit(Protocol):
    """The part of `gateway.auth.rateLimit` that is needed here."""

    @property
    def max_attempts(self) -> int: ...
    @property
    def window_ms(self) -> int: ...
    @property
    def lockout_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class AuthLimits:
    """Counts wrong credentials per scope and client, and locks a client out."""

    client: RedisClient
    keys: Keys

    async def auth_locked(self, scope: str, client_ip: str) -> float | None:
        """Return the seconds for which a client is still locked out, or None."""
        member = f"{scope}:{client_ip}"
        until = self.client.submit("ZSCORE", self.keys.auth_locks, member)
        clock = self.client.submit("TIME")
        score = await self.client.settle(until)
        now_s = _seconds(await self.client.settle(clock))
        left = float(score) / 1000 - now_s if score is not None else 0.0
        return left if left > 0 else None

    async def locks(self) -> dict[str, float]:
        """Return all locks as `<scope>:<client_ip>` → `time.monotonic()` at which the lock ends."""
        clock = self.client.submit("TIME")
        found = self.client.submit("ZRANGE", self.keys.auth_locks, 0, -1, "WITHSCORES")
        now_s, now = _seconds(await self.client.settle(clock)), time.monotonic()
        flat = await self.client.settle(found)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        ends = {member.decode(): float(score) / 1000 - now_s for member, score in pairs}
        return {member: now + left for member, left in ends.items() if left > 0}

    async def auth_failed(self, scope: str, client_ip: str, rate_limit: RateLimit) -> float | None:
        """Record a wrong credential; returns the seconds of the lock-out it caused, or None."""
        reply = await self.client.call(
            scripts.load("auth_failure"),
            (self.keys.auth_failures(scope, client_ip), self.keys.auth_locks),
            (
                f"{scope}:{client_ip}",
                rate_limit.max_attempts,
                rate_limit.window_ms,
                rate_limit.lockout_ms,
            ),
        )
        return int(reply) / 1000 or None

    async def auth_succeeded(self, scope: str, client_ip: str) -> None:
        """Forget the failures of a client."""
        await self.client.execute("DEL", self.keys.auth_failures(scope, client_ip))

    async def auth_reset(self, scope: str, client_ip: str) -> None:
        """Forget the failures of a client, and the lock that they caused."""
        forgotten = self.client.submit("DEL", self.keys.auth_failures(scope, client_ip))
        unlocked = self.client.submit("ZREM", self.keys.auth_locks, f"{scope}:{client_ip}")
        await self.client.settle(forgotten)
        await self.client.settle(unlocked)


def _seconds(reply: list[bytes]) -> float:
    return int(reply[0]) + int(reply[1]) / 1e6
