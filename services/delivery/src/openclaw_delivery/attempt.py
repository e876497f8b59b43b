"""One attempt at a delivery: what it knows, and the ways in which it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.delivery import DeliveryRequest, DeliveryStatus, Destination
from openclaw_common.contracts.delivery_history import DeliveryHistory
from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_common.store.leases import Lease
from openclaw_common.store.pacing import account_name
from openclaw_delivery.context import DeliveryContext
from openclaw_delivery.journal import Journal

RELEASED: Final = "released"
"""The outcome of an attempt after which the delivery goes on later."""
NOT_DELIVERED: Final = 502
"""The status of an error that the platform gave none for."""


@dataclass(slots=True)
class Attempt:
    """`born_ms` is when the delivery was accepted or replayed; `probing` that it tries its account
    for all others; `interrupted` is what told it to stop while the platform was being asked.

    `release` and `end` settle the lease and return the outcome.
    """

    context: DeliveryContext
    lease: Lease
    request: DeliveryRequest
    journal: Journal
    born_ms: int
    probing: bool = False
    interrupted: asyncio.CancelledError | None = None

    @property
    def history(self) -> DeliveryHistory:
        """Where the delivery stands."""
        return self.journal.history

    @property
    def destination(self) -> Destination:
        """Where it goes, by the account's own name."""
        return self.context.accounts.canonical(self.request.destination)

    @property
    def account(self) -> str:
        """The name of the account that sends it."""
        return account_name(self.destination)

    def too_old(self, delay_s: float) -> bool:
        """Whether a try in `delay_s` seconds would come after the time to give up."""
        age_s = (self.journal.now_ms() - self.born_ms) / 1000
        return age_s + delay_s > self.context.limits.give_up_seconds

    async def release(self, delay_s: float, *, counter: str = "") -> str:
        """Go on in `delay_s` seconds; `counter` is `tries` after a failed one."""
        await self.lease.release(delay_s, counter=counter)
        return RELEASED

    async def end(self, status: DeliveryStatus, message: str, code: str | None) -> str:
        """Become a dead letter for a reason that is not the platform's answer to a part."""
        error = ErrorBody(NOT_DELIVERED, API_ERROR, message, code)
        await self.journal.ended(status, error)
        return status

    async def account_works(self) -> None:
        """The platform has taken the account's credentials: it rests no longer."""
        if self.probing:
            self.probing = False
            await self.context.rests.end(self.account)
