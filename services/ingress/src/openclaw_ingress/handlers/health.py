"""`GET /health`, `/healthz`: the process lives. Touches nothing that could hang."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import CONFIG
from openclaw_ingress.responses import NO_STORE, json_response


async def read_health(request: web.Request) -> web.Response:
    """Answer `/health` with the seed's body, or the current release's under `compat: current`."""
    seed = request.app[CONFIG].gateway.http.compat == "seed"
    return _alive("healthy" if seed else "live")


async def read_liveness(request: web.Request) -> web.Response:
    """Answer `/healthz` (contract §2 row 6)."""
    return _alive("live")


def _alive(status: str) -> web.Response:
    return json_response({"ok": True, "status": status}, headers=NO_STORE)
