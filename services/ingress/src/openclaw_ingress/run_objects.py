"""The `run` objects of records, with what is known of their deliveries."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CONFIG, STORE
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_answers import record_headers
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.run_view import run_object
from openclaw_ingress.schemas.run_object import RunObject


async def run_objects(app: web.Application, records: Sequence[RunRecord]) -> list[RunObject]:
    """Return the objects of several runs. Raises StoreUnavailable."""
    deliveries = await app[STORE].run_deliveries.of_runs([record.id for record in records])
    max_attempts = app[CONFIG].runs.max_crashes
    return [
        run_object(record, known, max_attempts=max_attempts)
        for record, known in zip(records, deliveries, strict=True)
    ]


async def accepted_run(
    app: web.Application, run_id: str, *, replayed: bool = False, collected: bool = False
) -> web.Response:
    """Answer 202 with a run that was accepted, now or by an earlier request.

    Raises NotFound, StoreUnavailable.
    """
    record = await find_run(app, run_id)
    (body,) = await run_objects(app, [record])
    headers = record_headers(record, position=record.queue_position or 0, replayed=replayed)
    headers["Location"] = f"/v1/runs/{record.id}"
    if collected:
        headers["x-openclaw-collected"] = "true"
    return json_response(body, status=202, headers={**NO_STORE, **headers})
