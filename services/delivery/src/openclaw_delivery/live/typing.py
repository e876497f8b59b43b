"""The indicator that an answer is being written, shown again before it fades."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from openclaw_channels.base import (
    ChannelError,
    OutboundChannel,
    PermanentFailure,
    RateLimited,
    SendFailure,
)
from openclaw_common.store.live import LiveEntry
from openclaw_common.store.pacing import Rate
from openclaw_delivery.live.context import LiveContext, rates

SHARE: Final = 0.8
"""After which share of its time an indicator is shown again."""
BUSY_S: Final = 1.0
"""How long an indicator waits while the platform's rates have no room, in seconds."""
MAX_FAILURES: Final = 3
"""Failures in a row after which a run has no indicator any more."""
_RATE: Final = "typing"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Typing:
    """Shows indicators. It takes nothing of the deliveries' rates, and gives way to them."""

    context: LiveContext

    async def show(self, entry: LiveEntry) -> None:
        """Show the indicator of one run once. Raises StoreUnavailable."""
        live = self.context.live
        try:
            channel = self.context.accounts.outbound(entry.destination)
        except ChannelError:
            await live.drop(entry)
            return
        if not channel.typing_seconds:
            await live.drop(entry)
            return
        if await self.context.resting(entry.destination):
            await live.keep(entry, channel.typing_seconds)
            return
        try:
            shown = await self.context.within_time(self._show(entry, channel))
        except SendFailure as failure:
            await self._put_off(entry, failure, channel.typing_seconds)
            return
        await live.keep(entry, SHARE * channel.typing_seconds if shown else BUSY_S)

    async def _show(self, entry: LiveEntry, channel: OutboundChannel) -> bool:
        destination = await self.context.address(channel, entry.destination)
        per_second = self.context.limits.typing_rate
        own = Rate(_RATE, per_second, per_second)
        seen = rates(channel.buckets(destination))
        if not await self.context.spare.spare(destination, [own], seen):
            return False
        await channel.show_typing(destination)
        return True

    async def _put_off(self, entry: LiveEntry, failure: SendFailure, seconds: float) -> None:
        extra = {"run_id": entry.run_id, "error": failure.message}
        _logger.debug("typing_not_shown", extra=extra)
        failures = entry.failures + 1
        if isinstance(failure, PermanentFailure) or failures >= MAX_FAILURES:
            await self.context.live.drop(entry)
            return
        wait_s = seconds * 2**failures
        if isinstance(failure, RateLimited):
            wait_s = max(wait_s, failure.retry_after_s)
        await self.context.live.keep(entry, wait_s, failures=failures)
