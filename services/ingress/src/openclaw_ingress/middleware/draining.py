"""While the process drains: no new work, and no connection that outlives its answer."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import DRAIN
from openclaw_ingress.errors import GatewayUnavailable
from openclaw_ingress.route import Handler, route_of


@web.middleware
async def refuse_while_draining(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse every admitted route before authentication (contract §0.1); probes are answered."""
    if request.app[DRAIN].draining:
        route = route_of(request)
        if route is not None and route.scope is not None:
            raise GatewayUnavailable
    return await handler(request)


async def close_while_draining(request: web.Request, response: web.StreamResponse) -> None:
    """`on_response_prepare`: ask the client to come back over a new connection."""
    if request.app[DRAIN].draining:
        response.force_close()
        response.headers["Connection"] = "close"
