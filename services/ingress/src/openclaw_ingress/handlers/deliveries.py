"""`GET /v1/deliveries` and `GET /v1/runs/{id}/deliveries`: what is sent to whom."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from openclaw_ingress.delivery_lookup import delivery_page
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.schemas.deliveries import parse_delivery_filter


async def list_deliveries(request: web.Request) -> web.Response:
    """Answer deliveries, newest first, by status, channel, address, run and time.

    Raises InvalidRequest, StoreUnavailable.
    """
    page = await delivery_page(request, parse_delivery_filter(request.query))
    return json_response(page, headers=NO_STORE)


async def list_run_deliveries(request: web.Request) -> web.Response:
    """Answer the deliveries that a run caused.

    Raises NotFound, InvalidRequest, StoreUnavailable.
    """
    run = await find_run(request.app, request.match_info["id"])
    wanted = replace(parse_delivery_filter(request.query), run_id=run.id)
    return json_response(await delivery_page(request, wanted), headers=NO_STORE)
