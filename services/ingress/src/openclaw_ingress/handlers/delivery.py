"""`GET /v1/deliveries/{id}`: one delivery with its parts and attempts."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.delivery_lookup import find_delivery
from openclaw_ingress.delivery_view import delivery_object
from openclaw_ingress.responses import NO_STORE, json_response


async def read_delivery(request: web.Request) -> web.Response:
    """Answer a delivery. Raises NotFound, StoreUnavailable."""
    record = await find_delivery(request.app, request.match_info["id"])
    return json_response(delivery_object(record, with_text=True), headers=NO_STORE)
