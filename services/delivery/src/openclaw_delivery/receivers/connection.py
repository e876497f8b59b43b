"""Keeps one account connected for as long as this process holds it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from openclaw_channels.inbound import ReceiverFailure
from openclaw_common.contracts.errors import GatewayError
from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.inbound.intake import Intake
from openclaw_common.runtime.config.inbound import Inbound
from openclaw_common.runtime.metrics.instruments import RECEIVER_FAILURES
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.store.leases import LeaseLost
from openclaw_common.store.receivers import Receivers
from openclaw_delivery.receivers.accounts import ReceivingAccount

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceivingContext:
    """What the connections of a process share.

    `sleep` waits between them, `now` is a monotonic clock, both in seconds.
    """

    process_id: str
    limits: Inbound
    intake: Intake
    leases: Receivers
    metrics: Metrics = field(default_factory=Metrics)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    now: Callable[[], float] = time.monotonic


class Connection:
    """One account under one taking of it."""

    def __init__(
        self, context: ReceivingContext, account: ReceivingAccount, fence: int, cursor: str | None
    ) -> None:
        self.fence = fence
        self._context = context
        self._account = account
        self._cursor = cursor
        self._took = False
        self._told: str | None = None

    async def run(self) -> None:
        """Receive until cancelled, or until another process holds the account."""
        limits = self._context.limits
        pause_s = first_s = limits.receiver_backoff_ms / 1000
        while True:
            self._took, least_s, began = False, 0.0, self._context.now()
            try:
                await self._account.receiver.receive(self._cursor, self._accept)
            except LeaseLost:
                _logger.warning("account_lost", extra=self._facts)
                return
            except ReceiverFailure as failure:
                self._tell(failure)
                least_s = failure.retry_after_s or 0.0
                if failure.permanent:
                    least_s = max(least_s, limits.receiver_rest_seconds)
            except GatewayError as error:
                # Redis is away, or the fleet is full: the platform keeps what was not taken.
                _logger.warning("messages_not_taken", extra={**self._facts, "error": str(error)})
            except Exception:
                # The top of the task. A channel may be anybody's code: whatever it raises, the
                # account is tried again, and the others go on.
                _logger.exception("connection_broke", extra=self._facts)
            if self._took or self._context.now() - began >= limits.receiver_backoff_max_ms / 1000:
                # It was a connection, with messages or a quiet one.
                pause_s, self._told = first_s, None
            wait_s = max(least_s, pause_s)
            await self._context.sleep(wait_s * (0.75 + self._context.random() / 2))
            pause_s = min(pause_s * 2, limits.receiver_backoff_max_ms / 1000)

    async def _accept(self, messages: Sequence[InboundMessage], cursor: str | None) -> None:
        context, account = self._context, self._account
        await context.intake.take(account.rules, messages)
        self._took = True
        if cursor is None or cursor == self._cursor:
            return
        if not await context.leases.move_cursor(
            context.process_id, account.name, self.fence, cursor
        ):
            raise LeaseLost
        self._cursor = cursor

    def _tell(self, failure: ReceiverFailure) -> None:
        """Count it, and say what the platform said, once only while it says the same."""
        channel, kind = self._account.rules.channel, "permanent" if failure.permanent else "passing"
        self._context.metrics.counter(RECEIVER_FAILURES).add(1, channel, kind)
        said = str(failure)
        if said == self._told:
            return
        self._told = said
        level = logging.ERROR if failure.permanent else logging.WARNING
        _logger.log(
            level,
            "account_refused" if failure.permanent else "connection_failed",
            extra={**self._facts, "error": said},
        )

    @property
    def _facts(self) -> dict[str, Any]:
        rules = self._account.rules
        return {"channel": rules.channel, "account_id": rules.account_id, "fence": self.fence}
