"""Letting people see that their answer is being written; the delivery processes show it."""

from __future__ import annotations

import logging

from openclaw_agent_worker.context import WorkerContext
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.replies import HEARTBEAT
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config.channels import Channel
from openclaw_common.store.leases import Lease
from openclaw_common.store.live import PREVIEW, TYPING

_logger = logging.getLogger(__name__)


async def show_run(
    context: WorkerContext, lease: Lease, request: RunRequest, destination: Destination | None
) -> None:
    """Note where the run's result will go, so that it is seen working there.

    Not for heartbeats, which mostly end with nothing to say. No run fails because of it.
    """
    if destination is None or request.source == HEARTBEAT:
        return
    section = context.config.channels.get(destination.channel) or Channel()
    sorts = []
    if section.shows_typing(destination.account_id):
        sorts.append(TYPING)
    if section.shows_preview(destination.account_id):
        sorts.append(PREVIEW)
    if not sorts:
        return
    try:
        await context.live.begin(
            lease,
            destination,
            sorts,
            seconds=context.config.deliveries.live_seconds,
            reply_to=request.delivery.reply_to if request.delivery else None,
        )
    except StoreUnavailable:
        _logger.debug("run_not_shown", extra={"run_id": lease.id})
