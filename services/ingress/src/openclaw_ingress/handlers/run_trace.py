"""`GET /v1/runs/{id}/trace`: the spans of a run and its deliveries (run-api.md §4.2)."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.contracts.errors import NotFound
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.trace_view import otlp_json


async def read_run_trace(request: web.Request) -> web.Response:
    """Answer what is kept of a run's trace, as OTLP's JSON.

    What still runs, or has ended within the last second, is perhaps missing. Raises NotFound,
    StoreUnavailable.
    """
    record = await find_run(request.app, request.match_info["id"])
    kept = await request.app[STORE].of(record.id).traces.read(record.id)
    if not kept:
        raise NotFound(
            "No trace of this run is kept: it has not ended yet, it is not among those that "
            "OTEL_TRACES_SAMPLER takes, tracing.store is off, or tracing.keepSeconds have passed.",
            code="trace_not_available",
        )
    body = {
        "object": "run.trace",
        "run_id": record.id,
        "trace_id": record.trace_id,
        "otlp": otlp_json(kept),
    }
    return json_response(body, headers={**NO_STORE, "x-run-id": record.id})
