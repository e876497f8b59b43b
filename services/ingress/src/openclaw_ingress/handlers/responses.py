"""`POST /v1/responses` (contract §1.4).

body ─▶ ResponseRequest ─▶ submit ─▶ follow ─▶ events as they come
                              │         └─▶ one object at the end
                              ├─ background ─▶ the object as it stands
                              └─ Idempotency-Key known ─▶ join that run instead
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from aiohttp import web

from openclaw_common.contracts.errors import GatewayError
from openclaw_common.contracts.ids import new_run_id, response_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.queue.job_queue import Admitted, Idempotency
from openclaw_common.store.responses import ResponseFacts
from openclaw_ingress.app_keys import CALLER, CONFIG, QUEUE, READER, REQUEST_ID
from openclaw_ingress.auth.scopes import ADMIN, covers
from openclaw_ingress.chat_admission import (
    AdmissionHeaders,
    first_reader,
    joining_reader,
    submit,
)
from openclaw_ingress.chat_view import terminal_error
from openclaw_ingress.errors import MissingScope, error_response
from openclaw_ingress.follow import relay
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import json_response
from openclaw_ingress.responses_lookup import (
    FoundResponse,
    find_previous,
    find_response,
    owner_of,
)
from openclaw_ingress.responses_object import ResponseHead
from openclaw_ingress.responses_view import ResponsesView
from openclaw_ingress.run_answers import (
    FIRST_EVENT,
    begin_stream,
    record_headers,
    run_headers,
    stream_joined,
    wait_until_ended,
)
from openclaw_ingress.run_lookup import resume_point
from openclaw_ingress.schemas.chat_completion import ChatCompletionRequest, RoutingHeaders
from openclaw_ingress.schemas.response_request import ResponseRequest, parse_response

THREAD_BYTES: Final = 262_144
"""A larger body is parsed in a thread, so that other streams go on meanwhile."""
RETRY_AFTER_S: Final = 5.0
"""When a client may ask again after a run that failed for lack of capacity, in seconds."""
SCOPE: Final = "responses"
_PASSING: Final = frozenset({429, 503})


async def create_response(request: web.Request) -> web.StreamResponse:
    """Start a run, or join the one that the Idempotency-Key names, and answer with its response.

    Raises InvalidRequest, MissingScope, IdempotencyConflict, QueueFull, StoreUnavailable,
    TooManyStreams; all of them before a stream begins.
    """
    headers = AdmissionHeaders.read(request.headers)
    after = resume_point(request)
    asked = await _parse(request, fingerprint=bool(headers.idempotency_key))
    if asked.background:
        headers = replace(headers, on_disconnect="continue")
    if asked.run.stream:
        with request.app[OPEN_STREAMS].slot():
            return await _stream_new(request, asked, headers, after)
    if asked.background:
        return await _accept(request, asked, headers)
    return await _answer_new(request, asked, headers)


async def _parse(request: web.Request, *, fingerprint: bool) -> ResponseRequest:
    config = request.app[CONFIG]
    routing = RoutingHeaders.read(request.headers)
    if routing.backend_model and not covers(request[CALLER].scopes, ADMIN):
        raise MissingScope(ADMIN)
    raw = await read_body(
        request,
        max_bytes=config.gateway.http.endpoints.responses.max_body_bytes,
        timeout_s=config.ingress.body_timeout_seconds,
    )
    large = len(raw) > THREAD_BYTES
    depth = config.ingress.json_max_depth
    body: dict[str, Any] = (
        await asyncio.to_thread(parse_object, raw, max_depth=depth)
        if large
        else parse_object(raw, max_depth=depth)
    )
    named = body.get("previous_response_id")
    known = isinstance(named, str) and named.strip()
    previous = await find_previous(request, known) if known else None
    if not large:
        return parse_response(body, routing, config, previous=previous, fingerprint=fingerprint)
    return await asyncio.to_thread(
        parse_response, body, routing, config, previous=previous, fingerprint=fingerprint
    )


async def _stream_new(
    request: web.Request, asked: ResponseRequest, headers: AdmissionHeaders, after: int
) -> web.StreamResponse:
    app = request.app
    run_id = await app[QUEUE].new_run_id(asked.run.session_key)
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        outcome = await submit(
            app, run_id, _submission(asked), headers, scope=SCOPE, record=_fields(request, asked)
        )
        if isinstance(outcome, Admitted):
            async with first_reader(app, run_id) as reading:
                head = ResponseHead(run_id, asked.run.model, outcome.created_ms // 1000, asked.echo)
                view = ResponsesView(head)
                sse = await begin_stream(
                    request, run_headers(run_id, asked.run.session_key, outcome.position)
                )
                reading.run_ended = await relay(
                    request,
                    sse,
                    events,
                    view,
                    app[OPEN_STREAMS],
                    first=view.encode([FIRST_EVENT]),
                )
                return sse.response
    found = await find_response(request, outcome.id, unstored=True)
    joined = record_headers(found.record, replayed=True)
    return await stream_joined(request, found.record, found.view(after), joined)


async def _accept(
    request: web.Request, asked: ResponseRequest, headers: AdmissionHeaders
) -> web.StreamResponse:
    key = headers.idempotency_key
    outcome = await request.app[QUEUE].submit(
        new_run_id(),
        asked.run,
        idempotency=Idempotency(SCOPE, key, asked.fingerprint) if key else None,
        record=_fields(request, asked),
        rule=asked.rule,
    )
    found = await find_response(request, outcome.id)
    if isinstance(outcome, Admitted):
        told = record_headers(found.record, position=outcome.position)
    else:
        told = record_headers(found.record, replayed=True)
    told["Location"] = f"/v1/responses/{response_id(outcome.id)}"
    return json_response(found.body(), headers=told)


async def _answer_new(
    request: web.Request, asked: ResponseRequest, headers: AdmissionHeaders
) -> web.StreamResponse:
    app = request.app
    run_id = await app[QUEUE].new_run_id(asked.run.session_key)
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        outcome = await submit(
            app, run_id, _submission(asked), headers, scope=SCOPE, record=_fields(request, asked)
        )
        if isinstance(outcome, Admitted):
            async with first_reader(app, run_id) as reading:
                await wait_until_ended(app, run_id, after=1, events=events)
                reading.run_ended = True
            found = await find_response(request, run_id, unstored=True)
            told = record_headers(found.record, position=outcome.position)
            # With a key, the same request would be told of this run again.
            return _answer(request, found, told, repeatable=not headers.idempotency_key)
    found = await find_response(request, outcome.id, unstored=True)
    if not found.record.status.terminal:
        async with joining_reader(app, outcome.id) as reading:
            await wait_until_ended(app, outcome.id, after=found.record.last_sequence)
            reading.run_ended = True
        found = await find_response(request, outcome.id, unstored=True)
    return _answer(request, found, record_headers(found.record, replayed=True))


def _submission(asked: ResponseRequest) -> ChatCompletionRequest:
    return ChatCompletionRequest(asked.run, asked.fingerprint, asked.rule)


def _fields(request: web.Request, asked: ResponseRequest) -> Mapping[str, bytes]:
    facts = ResponseFacts(asked.echo, owner_of(request), asked.store)
    return facts.fields(asked.items)


def _answer(
    request: web.Request,
    found: FoundResponse,
    headers: dict[str, str],
    *,
    repeatable: bool = False,
) -> web.Response:
    """Answer with the response; a failed one has the status of its error (contract §1.4)."""
    record = found.record
    if record.status in (RunStatus.COMPLETED, RunStatus.CANCELLED):
        return json_response(found.body(), headers=headers)
    error = terminal_error(record)
    wait_s = RETRY_AFTER_S if repeatable and error.status in _PASSING else None
    compat = request.app[CONFIG].gateway.http.compat
    failure = GatewayError(error, retry_after_s=wait_s)
    response = error_response(failure, request[REQUEST_ID], compat=compat)
    response.body = orjson.dumps(found.body())
    response.headers.update(headers)
    return response
