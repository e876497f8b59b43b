"""Lets in those who hold a credential (contract §0.3), or whom a route's own gate lets in."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import AUTHENTICATOR, CALLER
from openclaw_ingress.route import Handler, route_of


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Set CALLER; raises Unauthorized, TooManyFailures or ProxyAttributionRequired."""
    route = route_of(request)
    if route is not None and route.gate is not None:
        await route.gate(request)
    elif route is not None and route.scope is not None:
        request[CALLER] = await request.app[AUTHENTICATOR].authenticate(request)
    return await handler(request)
