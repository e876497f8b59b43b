"""Holds callers to their operator scopes (contract §0.3); runs after authentication."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import CALLER
from openclaw_ingress.auth.scopes import covers
from openclaw_ingress.errors import MissingScope
from openclaw_ingress.route import Handler, route_of


@web.middleware
async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Raise MissingScope unless the caller has the scope that the route asks for."""
    route = route_of(request)
    if route is None or route.scope is None or covers(request[CALLER].scopes, route.scope):
        return await handler(request)
    raise MissingScope(route.scope)
