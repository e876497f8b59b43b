"""What a delivery process lends to every attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from openclaw_channels.base import OutboundChannel, Part
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config.limits import Deliveries
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.store.account_rest import Gate
from openclaw_common.store.deliveries import DeliveryRecord
from openclaw_delivery.backoff import Backoff
from openclaw_delivery.measured import DeliveryCounts
from openclaw_delivery.pacing import Pacing
from openclaw_delivery.slots import Slots

if TYPE_CHECKING:
    from openclaw_delivery.asking import Asking


class Accounts(Protocol):
    """The accounts of the configuration."""

    def outbound(self, destination: Destination) -> OutboundChannel:
        """Return what sends to `destination`; raises ChannelError where nothing does."""
        ...

    def canonical(self, destination: Destination) -> Destination:
        """Return `destination` with the account's own name: one account may have two."""
        ...

    def resends(self, destination: Destination) -> bool:
        """Whether a part whose answer was lost is sent again without knowing."""
        ...


class Records(Protocol):
    """Where deliveries are read."""

    async def get(self, delivery_id: str) -> DeliveryRecord | None:
        """Return a delivery with its history. Raises StoreUnavailable."""
        ...


class Rests(Protocol):
    """Where accounts rest; `store.account_rest` says what each call does."""

    async def gate(self, account: str, delivery_id: str, probe_s: float) -> Gate: ...
    async def put(self, account: str, error: ErrorBody, seconds: float) -> None: ...
    async def end(self, account: str) -> None: ...


class Previews(Protocol):
    """Where the first part of a result may be seen already."""

    async def message_of(self, asking: Asking, part: Part) -> str | None:
        """Return the message to edit in place of sending `part`, None to send it.

        Raises a SendFailure, StoreUnavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """The collaborators of an attempt."""

    limits: Deliveries
    accounts: Accounts
    records: Records
    rests: Rests
    pacing: Pacing
    backoff: Backoff
    clock: Clock
    slots: Slots
    previews: Previews | None = None
    counts: DeliveryCounts = field(default_factory=lambda: DeliveryCounts(Metrics()))
