"""`GET /startup`, `/startupz`: the process has started, and does not drain (contract §1.8)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from aiohttp import web

from openclaw_ingress.app_keys import AUTHENTICATOR, READINESS
from openclaw_ingress.responses import NO_STORE, json_response

_VERSION: Final = version("openclaw-ingress")


async def read_startup(request: web.Request) -> web.Response:
    """Answer 200 or 503; version and uptime are for local and authenticated callers."""
    readiness = request.app[READINESS]
    draining = readiness.draining
    body: dict[str, Any] = {"ok": not draining, "status": "draining" if draining else "started"}
    # Asks no Redis, so that a probe of the start cannot hang on it.
    if await request.app[AUTHENTICATOR].may_see_details(request, store_answers=False):
        body["version"] = _VERSION
        body["uptimeMs"] = readiness.uptime_ms()
    return json_response(body, status=503 if draining else 200, headers=NO_STORE)
