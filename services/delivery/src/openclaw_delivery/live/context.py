"""What showing runs needs of its process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from openclaw_channels.base import AnswerLost, Bucket, OutboundChannel
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.runtime.config.limits import Deliveries
from openclaw_common.store.live import Live
from openclaw_common.store.pacing import Rate, account_name
from openclaw_delivery.context import Accounts

LEASE_SLACK_S: Final = 1.0
"""What handling an entry may take beside asking the platform, in seconds."""
T = TypeVar("T")


class Rests(Protocol):
    """Where accounts rest."""

    async def rests(self, account: str) -> bool: ...


class Spare(Protocol):
    """The rates of the platforms; `store.pacing` says what each call does."""

    async def spare(
        self, destination: Destination, taken: Sequence[Rate], seen: Sequence[Rate] = ()
    ) -> bool: ...
    async def freeze(
        self, destination: Destination, seconds: float, *, whole_account: bool
    ) -> None: ...


class Streams(Protocol):
    """Where run events are read."""

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[RunEvent]: ...


@dataclass(frozen=True, slots=True)
class LiveContext:
    """The collaborators of whatever shows a run."""

    live: Live
    limits: Deliveries
    accounts: Accounts
    rests: Rests
    spare: Spare
    streams: Streams

    @property
    def lease_s(self) -> float:
        """How long an entry is taken for, in seconds."""
        return self.limits.live_timeout_seconds + LEASE_SLACK_S

    async def within_time(self, asking: Awaitable[T]) -> T:
        """Return what a platform answers; raises a SendFailure."""
        try:
            async with asyncio.timeout(self.limits.live_timeout_seconds):
                return await asking
        except TimeoutError:
            raise AnswerLost("The platform did not answer in time.") from None

    async def address(self, channel: OutboundChannel, destination: Destination) -> Destination:
        """Return where to send; raises a SendFailure."""
        return await channel.resolve(self.accounts.canonical(destination))

    async def resting(self, destination: Destination) -> bool:
        """Whether the account is left alone. Raises StoreUnavailable."""
        return await self.rests.rests(account_name(self.accounts.canonical(destination)))


def rates(buckets: Sequence[Bucket]) -> list[Rate]:
    """Return the rates of a channel's buckets."""
    return [Rate(bucket.name, bucket.per_second, bucket.burst) for bucket in buckets]
