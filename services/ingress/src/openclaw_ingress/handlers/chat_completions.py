"""`POST /v1/chat/completions`, and `GET /v1/chat/completions/{id}` to resume it (contract §1.1).

body ─▶ ChatCompletionRequest ─▶ submit ─▶ follow ─▶ chunks as they come
                                    │            └─▶ one object at the end
                                    └─ Idempotency-Key known ─▶ join that run instead
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from openclaw_common.contracts.errors import INVALID_REQUEST, ErrorBody, GatewayError
from openclaw_common.contracts.run import RunStatus
from openclaw_common.queue.job_queue import Admitted
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CALLER, CONFIG, QUEUE, READER, REQUEST_ID
from openclaw_ingress.auth.scopes import ADMIN, covers
from openclaw_ingress.chat_admission import (
    AdmissionHeaders,
    first_reader,
    joining_reader,
    submit,
)
from openclaw_ingress.chat_view import ChatCompletionView, completion_object, terminal_error
from openclaw_ingress.errors import MissingScope, error_response
from openclaw_ingress.follow import relay
from openclaw_ingress.json_body import read_body
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import json_response
from openclaw_ingress.run_answers import (
    FIRST_EVENT,
    begin_stream,
    joined_headers,
    record_headers,
    run_headers,
    stream_joined,
    wait_until_ended,
)
from openclaw_ingress.run_lookup import find_run, resume_point
from openclaw_ingress.schemas.chat_completion import (
    ChatCompletionRequest,
    RoutingHeaders,
    parse_chat_completion,
)

THREAD_BYTES: Final = 262_144
"""A larger body is parsed in a thread, so that other streams go on meanwhile."""
RETRY_AFTER_S: Final = 5.0
"""When a client may ask again after a run that failed for lack of capacity, in seconds."""
_PASSING: Final = frozenset({429, 503})
_TRUE: Final = frozenset({"true", "1"})


class RunInProgress(GatewayError):
    """The completion does not exist yet."""

    def __init__(self) -> None:
        message = (
            "The completion is not finished yet; add `?stream=true` to follow it, or wait with "
            "GET /v1/runs/{id}?wait=30."
        )
        super().__init__(ErrorBody(404, INVALID_REQUEST, message, "run_in_progress"))


async def create_chat_completion(request: web.Request) -> web.StreamResponse:
    """Start a run, or join the one that the Idempotency-Key names, and answer with its reply.

    Raises InvalidRequest, MissingScope, IdempotencyConflict, QueueFull, StoreUnavailable,
    TooManyStreams; all of them before a stream begins.
    """
    headers = AdmissionHeaders.read(request.headers)
    resume_point(request)
    chat = await _parse(request, fingerprint=bool(headers.idempotency_key))
    if chat.run.stream:
        with request.app[OPEN_STREAMS].slot():
            return await _stream_new(request, chat, headers)
    return await _answer_new(request, chat, headers)


async def resume_chat_completion(request: web.Request) -> web.StreamResponse:
    """Answer a completion by its id: its stream with `?stream=true`, else the finished object.

    The stream goes on behind `Last-Event-ID` or `starting_after`; `include_usage` replaces what
    the request said of it. Raises NotFound, RunInProgress, StreamExpired, InvalidRequest.
    """
    resume_point(request)
    record = await find_run(request.app, request.match_info["id"])
    if request.query.get("stream", "").lower() in _TRUE:
        asked = request.query.get("include_usage")
        include_usage = asked.lower() in _TRUE if asked is not None else None
        after = resume_point(request, record)
        view = ChatCompletionView.of(record, include_usage=include_usage, starting_after=after)
        with request.app[OPEN_STREAMS].slot():
            return await stream_joined(request, record, view, record_headers(record))
    if not record.status.terminal:
        raise RunInProgress
    return _answer(request, record, record_headers(record))


async def _parse(request: web.Request, *, fingerprint: bool) -> ChatCompletionRequest:
    config = request.app[CONFIG]
    routing = RoutingHeaders.read(request.headers)
    if routing.backend_model and not covers(request[CALLER].scopes, ADMIN):
        raise MissingScope(ADMIN)
    raw = await read_body(
        request,
        max_bytes=config.gateway.http.endpoints.chat_completions.max_body_bytes,
        timeout_s=config.ingress.body_timeout_seconds,
    )
    if len(raw) <= THREAD_BYTES:
        return parse_chat_completion(raw, routing, config, fingerprint=fingerprint)
    return await asyncio.to_thread(
        parse_chat_completion, raw, routing, config, fingerprint=fingerprint
    )


async def _stream_new(
    request: web.Request, chat: ChatCompletionRequest, headers: AdmissionHeaders
) -> web.StreamResponse:
    app = request.app
    run_id = await app[QUEUE].new_run_id(chat.run.session_key)
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        outcome = await submit(app, run_id, chat, headers)
        if isinstance(outcome, Admitted):
            async with first_reader(app, run_id) as reading:
                view = ChatCompletionView(
                    run_id,
                    model=chat.run.model,
                    created_s=outcome.created_ms // 1000,
                    include_usage=chat.run.include_usage,
                )
                headers_out = run_headers(run_id, chat.run.session_key, outcome.position)
                sse = await begin_stream(request, headers_out)
                first = view.encode([FIRST_EVENT])
                reading.run_ended = await relay(
                    request, sse, events, view, app[OPEN_STREAMS], first=first
                )
                return sse.response
    record = await find_run(app, outcome.id)
    after = resume_point(request, record)
    view = ChatCompletionView.of(record, include_usage=chat.run.include_usage, starting_after=after)
    return await stream_joined(request, record, view, joined_headers(record, outcome))


async def _answer_new(
    request: web.Request, chat: ChatCompletionRequest, headers: AdmissionHeaders
) -> web.StreamResponse:
    app = request.app
    run_id = await app[QUEUE].new_run_id(chat.run.session_key)
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        outcome = await submit(app, run_id, chat, headers)
        if isinstance(outcome, Admitted):
            async with first_reader(app, run_id) as reading:
                await wait_until_ended(app, run_id, after=1, events=events)
                reading.run_ended = True
            record = await find_run(app, run_id)
            # With a key, the same request would be told of this run again.
            return _answer(
                request,
                record,
                record_headers(record, position=outcome.position),
                repeatable=not headers.idempotency_key,
            )
    record = await find_run(app, outcome.id)
    if not record.status.terminal:
        async with joining_reader(app, record.id) as reading:
            await wait_until_ended(app, record.id, after=record.last_sequence)
            reading.run_ended = True
        record = await find_run(app, record.id)
    return _answer(request, record, joined_headers(record, outcome))


def _answer(
    request: web.Request,
    record: RunRecord,
    headers: dict[str, str],
    *,
    repeatable: bool = False,
) -> web.Response:
    if record.status is RunStatus.COMPLETED and record.result is not None:
        return json_response(completion_object(record, record.result), headers=headers)
    compat = request.app[CONFIG].gateway.http.compat
    error = terminal_error(record)
    wait_s = RETRY_AFTER_S if repeatable and error.status in _PASSING else None
    failure = GatewayError(error, retry_after_s=wait_s)
    response = error_response(failure, request[REQUEST_ID], compat=compat)
    response.headers.update(headers)
    return response
