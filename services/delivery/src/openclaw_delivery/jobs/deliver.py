"""The job function of the delivery queue."""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.contracts.delivery import REPLAYABLE
from openclaw_common.queue.job_trace import note_outcome
from openclaw_common.store.leases import Lease
from openclaw_delivery.context import DeliveryContext
from openclaw_delivery.dispatch import dispatch

CONTEXT: Final = "delivery_context"
"""Where the process's context stands in arq's."""


async def deliver(ctx: dict[str, Any], delivery_id: str) -> None:
    """Make one attempt at a delivery; `ctx` holds the process's context and the lease."""
    context: DeliveryContext = ctx[CONTEXT]
    lease: Lease = ctx["lease"]
    outcome = await dispatch(context, lease)
    note_outcome(str(outcome), error=f"delivery_{outcome}" if outcome in REPLAYABLE else "")
