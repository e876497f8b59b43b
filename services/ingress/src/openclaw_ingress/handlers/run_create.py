"""`POST /v1/runs`: a run as a resource, followed later or at once (run-api.md §4.2, §4.6).

body ─▶ RunCreation ─▶ submit ─▶ 202 and the run, or its events from the first on
                         └─ Idempotency-Key known, or collected ─▶ that run instead
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.queue.job_queue import Admitted, Idempotency, Replayed
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_ingress.app_keys import CONFIG, QUEUE, READER
from openclaw_ingress.chat_admission import idempotency_key
from openclaw_ingress.destinations import DESTINATIONS
from openclaw_ingress.follow import relay
from openclaw_ingress.json_body import read_body
from openclaw_ingress.native_stream import RECONNECT_MS, stream_events
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.run_answers import FIRST_EVENT, begin_stream, joined_headers, run_headers
from openclaw_ingress.run_creation import RunCreation, parse_run_create
from openclaw_ingress.run_lookup import find_run, resume_point
from openclaw_ingress.run_objects import accepted_run
from openclaw_ingress.run_view import RunEventsView
from openclaw_ingress.sse import retry

SCOPE: Final = "runs"
THREAD_BYTES: Final = 262_144
"""A larger body is parsed in a thread, so that other streams go on meanwhile."""
_TRUE: Final = frozenset({"true", "1"})


async def create_run(request: web.Request) -> web.StreamResponse:
    """Accept a run and answer 202 with it; with `stream` answer its events.

    Nobody need stay: it runs to its end. Raises InvalidRequest, IdempotencyConflict, QueueFull,
    SessionBusy, StoreUnavailable, TooManyStreams.
    """
    key = idempotency_key(request.headers)
    resume_point(request)
    creation = await _parse(request)
    if creation.run.stream or request.query.get("stream", "").lower() in _TRUE:
        with request.app[OPEN_STREAMS].slot():
            return await _stream(request, creation, key)
    outcome = await _submit(request.app, new_run_id(), creation, key)
    known = isinstance(outcome, Replayed)
    collected = isinstance(outcome, Replayed) and outcome.collected
    return await accepted_run(
        request.app, outcome.id, replayed=known and not collected, collected=collected
    )


async def _parse(request: web.Request) -> RunCreation:
    config, destinations = request.app[CONFIG], request.app[DESTINATIONS]
    raw = await read_body(
        request,
        max_bytes=config.gateway.http.endpoints.chat_completions.max_body_bytes,
        timeout_s=config.ingress.body_timeout_seconds,
    )
    if len(raw) <= THREAD_BYTES:
        return parse_run_create(raw, config, destinations)
    return await asyncio.to_thread(parse_run_create, raw, config, destinations)


async def _submit(
    app: web.Application,
    run_id: str,
    creation: RunCreation,
    key: str,
    reader: RunStreamReader | None = None,
) -> Admitted | Replayed:
    return await app[QUEUE].submit(
        run_id,
        creation.run,
        idempotency=Idempotency(SCOPE, key, creation.fingerprint) if key else None,
        reader=reader,
        rule=creation.rule,
        metadata=creation.metadata,
    )


async def _stream(request: web.Request, creation: RunCreation, key: str) -> web.StreamResponse:
    app = request.app
    run_id = await app[QUEUE].new_run_id(creation.run.session_key)
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        outcome = await _submit(app, run_id, creation, key, app[READER])
        if isinstance(outcome, Admitted):
            headers = run_headers(run_id, creation.run.session_key, outcome.position)
            headers["Location"] = f"/v1/runs/{run_id}"
            sse = await begin_stream(request, {"Cache-Control": "no-store", **headers})
            view = RunEventsView(run_id, after=0)
            first = retry(RECONNECT_MS) + view.encode([FIRST_EVENT])
            await relay(request, sse, events, view, app[OPEN_STREAMS], first=first)
            return sse.response
    record = await find_run(app, outcome.id)
    headers = joined_headers(record, outcome)
    return await stream_events(request, record, resume_point(request, record), headers)
