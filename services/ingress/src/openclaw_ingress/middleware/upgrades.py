"""Refuses protocol upgrades that nothing here speaks (contract §0.1)."""

from __future__ import annotations

from aiohttp import hdrs, web

from openclaw_ingress.app_keys import CONFIG
from openclaw_ingress.errors import error_response
from openclaw_ingress.middleware.request_id import request_id_of
from openclaw_ingress.route import Handler


@web.middleware
async def refuse_upgrades(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 and close when anything but a websocket is asked for."""
    wanted = request.headers.get(hdrs.UPGRADE, "").strip().lower()
    if not wanted or wanted == "websocket":
        return await handler(request)
    compat = request.app[CONFIG].gateway.http.compat
    response = error_response(web.HTTPBadRequest(), request_id_of(request), compat=compat)
    response.force_close()
    return response
