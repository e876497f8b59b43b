"""Lets in those who hold a credential (contract §0.3), or whom a route's own gate lets in."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.queue.accounts import on_account_of
from openclaw_ingress.app_keys import ACCOUNT, AUTHENTICATOR, CALLER
from openclaw_ingress.route import Handler, route_of
from openclaw_ingress.tenancy import charge


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Set CALLER, and act on the account of the API key inside the handler.

    Raises Unauthorized, TooManyFailures or ProxyAttributionRequired.
    """
    route = route_of(request)
    if route is not None and route.gate is not None:
        await route.gate(request)
    elif route is not None and route.scope is not None:
        caller = request[CALLER] = await request.app[AUTHENTICATOR].authenticate(request)
        if caller.key is not None:
            charge(request, caller.key)
    account = request.get(ACCOUNT)
    if account is None:
        return await handler(request)
    with on_account_of(account):
        return await handler(request)
