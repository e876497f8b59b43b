"""The rates of the platforms: a part waits for its turn here, or learns when to come back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from openclaw_channels.base import ACCOUNT, Bucket, RateLimited
from openclaw_common.contracts.delivery import Destination
from openclaw_common.store.pacing import Rate, Turn


class Turns(Protocol):
    """The turns of the whole fleet; `store.pacing` says what each call does."""

    async def take(
        self, delivery_id: str, destination: Destination, rates: Sequence[Rate], hold_ms: float
    ) -> Turn: ...
    async def freeze(
        self, destination: Destination, seconds: float, *, whole_account: bool
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Pacing:
    """`hold_ms` is the longest wait that keeps a slot of this process."""

    turns: Turns
    hold_ms: float
    max_retry_after_s: float
    sleep: Callable[[float], Awaitable[None]]

    async def turn(
        self, delivery_id: str, destination: Destination, buckets: Sequence[Bucket]
    ) -> float | None:
        """Return None when a part may be sent now, else after how many seconds to ask again.

        Raises StoreUnavailable.
        """
        rates = [Rate(bucket.name, bucket.per_second, bucket.burst) for bucket in buckets]
        turn = await self.turns.take(delivery_id, destination, rates, self.hold_ms)
        if not turn.granted:
            return turn.wait_s
        if turn.wait_s > 0:
            await self.sleep(turn.wait_s)
        return None

    async def freeze(self, destination: Destination, limited: RateLimited) -> None:
        """Let the fleet send nothing there for as long as the platform asked."""
        seconds = min(limited.retry_after_s, self.max_retry_after_s)
        await self.turns.freeze(destination, seconds, whole_account=limited.scope == ACCOUNT)
