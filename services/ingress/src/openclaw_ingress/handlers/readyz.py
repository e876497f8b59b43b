"""`GET /ready`, `/readyz`: whether this replica should get traffic (contract §1.8)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from openclaw_common.store.store import Durability
from openclaw_ingress.app_keys import AUTHENTICATOR, READINESS
from openclaw_ingress.responses import NO_STORE, json_response


def _shown(durability: Durability | None) -> dict[str, Any] | None:
    return asdict(durability) if durability else None


async def read_readiness(request: web.Request) -> web.Response:
    """Answer 200 or 503; the reasons are for local and authenticated callers."""
    readiness = request.app[READINESS]
    report = await readiness.report()
    body: dict[str, Any] = {"ready": report.ready}
    if await request.app[AUTHENTICATOR].may_see_details(
        request, store_answers=report.durability is not None
    ):
        body["failing"] = list(report.failing)
        body["uptimeMs"] = readiness.uptime_ms()
        body["durability"] = _shown(report.durability)
        if len(report.cells) > 1:
            body["cells"] = [
                {"reachable": cell is not None, "durability": _shown(cell)} for cell in report.cells
            ]
    return json_response(body, status=200 if report.ready else 503, headers=NO_STORE)
