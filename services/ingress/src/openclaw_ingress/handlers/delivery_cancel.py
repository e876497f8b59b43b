"""`POST /v1/deliveries/{id}/cancel`: what was not sent yet is not sent."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.store.runs import CancelOutcome
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.delivery_lookup import AlreadyTerminal, find_delivery, no_such_delivery
from openclaw_ingress.delivery_view import delivery_object
from openclaw_ingress.responses import NO_STORE, json_response


async def cancel_delivery(request: web.Request) -> web.Response:
    """Answer 202 with the delivery: a part that is under way is still sent, the rest is not.

    Raises NotFound, AlreadyTerminal (409), StoreUnavailable.
    """
    record = await find_delivery(request.app, request.match_info["id"])
    outcome = await request.app[STORE].deliveries.cancel(record.id)
    if outcome is CancelOutcome.MISSING:
        raise no_such_delivery()
    record = await find_delivery(request.app, record.id)
    if outcome is CancelOutcome.ALREADY_TERMINAL and record.status != "cancelled":
        raise AlreadyTerminal
    return json_response(delivery_object(record, with_text=True), status=202, headers=NO_STORE)
