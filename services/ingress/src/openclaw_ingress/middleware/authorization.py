"""Holds callers to their scopes (contract §0.3, `auth.key_scopes`); runs after authentication."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import CALLER
from openclaw_ingress.auth.key_scopes import key_covers, key_scope_of
from openclaw_ingress.auth.scopes import covers
from openclaw_ingress.errors import MissingScope
from openclaw_ingress.route import Handler, route_of


@web.middleware
async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Raise MissingScope unless the caller, or the API key, has the scope that the route takes."""
    route = route_of(request)
    if route is None or route.scope is None:
        return await handler(request)
    caller = request[CALLER]
    if caller.key is not None:
        needed = key_scope_of(route)
        allowed = key_covers(caller.key.scopes, needed)
    else:
        needed, allowed = route.scope, covers(caller.scopes, route.scope)
    if not allowed:
        raise MissingScope(needed)
    return await handler(request)
