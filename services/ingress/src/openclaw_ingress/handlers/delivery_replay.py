"""`POST /v1/deliveries/{id}/replay`: a delivery that failed goes on at its first unsent part."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.queue.replays import Replays
from openclaw_common.store.deliveries import ReplayOutcome
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.delivery_lookup import NotReplayable, find_delivery, no_such_delivery
from openclaw_ingress.delivery_view import delivery_object
from openclaw_ingress.responses import NO_STORE, json_response


async def replay_delivery(request: web.Request) -> web.Response:
    """Answer 202 with the delivery, which waits again.

    Raises NotFound, NotReplayable (409), StoreUnavailable.
    """
    record = await find_delivery(request.app, request.match_info["id"])
    outcome = await Replays(request.app[STORE]).delivery(record.id)
    if outcome is ReplayOutcome.MISSING:
        raise no_such_delivery()
    record = await find_delivery(request.app, record.id)
    if outcome is ReplayOutcome.NOT_REPLAYABLE:
        raise NotReplayable(record.status)
    return json_response(delivery_object(record, with_text=True), status=202, headers=NO_STORE)
