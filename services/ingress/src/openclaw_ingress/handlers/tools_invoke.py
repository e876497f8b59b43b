"""`POST /tools/invoke` and `POST /api/tools/invoke`: one tool, called by a worker (contract §1.5).

A call is a run whose result is the tool's. Faults of the call answer `{"ok":false,"error":{…}}`;
those of the request as such (authentication, body) have the shapes of every endpoint.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import (
    ErrorBody,
    GatewayError,
    IdempotencyConflict,
    QueueFull,
    StoreUnavailable,
)
from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.queue.job_queue import Admitted, Idempotency, Replayed
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CALLER, CONFIG, QUEUE, READER, STORE
from openclaw_ingress.auth.scopes import ADMIN, covers
from openclaw_ingress.chat_admission import first_reader, joining_reader
from openclaw_ingress.errors import GatewayUnavailable
from openclaw_ingress.follow import wait_for_end
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.schemas.tool_invocation import (
    InvalidInvocation,
    ToolInvocationRequest,
    parse_tool_invocation,
)

MAX_BODY_BYTES: Final = 2_097_152
"""contract §0.5"""
IDEMPOTENCY_SCOPE: Final = "tools"

_logger: Final = logging.getLogger(__name__)


async def invoke_tool(request: web.Request) -> web.Response:
    """Call a tool and answer its result; the same `idempotencyKey` gives the same call's.

    A client that leaves cancels its call; one with a key has the disconnect grace to come back.
    """
    config = request.app[CONFIG]
    raw = await read_body(
        request, max_bytes=MAX_BODY_BYTES, timeout_s=config.ingress.body_timeout_seconds
    )
    body = parse_object(raw, max_depth=config.ingress.json_max_depth)
    try:
        call = parse_tool_invocation(
            body, request.headers, config, by_owner=covers(request[CALLER].scopes, ADMIN)
        )
        record, replayed = await _record_of(request.app, call)
    except (InvalidInvocation, IdempotencyConflict, QueueFull, StoreUnavailable) as error:
        return _refusal(error)
    return _answer(record, replayed=replayed)


async def _record_of(app: web.Application, call: ToolInvocationRequest) -> tuple[RunRecord, bool]:
    run_id = await app[QUEUE].new_run_id(call.run.session_key)
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        outcome = await _submit(app, run_id, call)
        if isinstance(outcome, Admitted):
            async with _submitter(app, run_id, keyed=bool(call.idempotency_key)):
                await _wait(app, run_id, after=1, events=events)
            return await find_run(app, run_id), False
    record = await find_run(app, outcome.id)
    if not record.status.terminal:
        async with joining_reader(app, record.id) as reading:
            await _wait(app, record.id, after=record.last_sequence)
            reading.run_ended = True
        record = await find_run(app, record.id)
    return record, True


async def _submit(
    app: web.Application, run_id: str, call: ToolInvocationRequest
) -> Admitted | Replayed:
    key = call.idempotency_key
    idempotency = Idempotency(IDEMPOTENCY_SCOPE, key, call.fingerprint) if key else None
    # The answer must not be lost with the client: a run may have been accepted for it.
    submission = asyncio.ensure_future(
        app[QUEUE].submit(
            run_id,
            call.run,
            idempotency=idempotency,
            reader=app[READER],
            on_disconnect="cancel",
        )
    )
    try:
        return await asyncio.shield(submission)
    except asyncio.CancelledError:
        await app[OPEN_STREAMS].finish_later(_abandon(app, submission))
        raise


async def _abandon(app: web.Application, submission: asyncio.Future[Admitted | Replayed]) -> None:
    try:
        outcome = await submission
    except GatewayError:
        return
    if isinstance(outcome, Admitted):
        await _cancel(app, outcome.id)


@asynccontextmanager
async def _submitter(app: web.Application, run_id: str, *, keyed: bool) -> AsyncIterator[None]:
    if keyed:
        async with first_reader(app, run_id) as reading:
            yield
            reading.run_ended = True
        return
    try:
        yield
    except asyncio.CancelledError:
        await app[OPEN_STREAMS].finish_later(_cancel(app, run_id))
        raise


async def _cancel(app: web.Application, run_id: str) -> None:
    try:
        await app[STORE].runs.cancel(run_id, "disconnect")
    except StoreUnavailable:
        _logger.warning("tool_call.not_cancelled", extra={"run_id": run_id})


async def _wait(
    app: web.Application,
    run_id: str,
    *,
    after: int,
    events: AsyncIterable[list[RunEvent]] | None = None,
) -> None:
    try:
        async with app[OPEN_STREAMS].until_closing():
            await wait_for_end(app[STORE], app[READER], run_id, after=after, events=events)
    except TimeoutError:
        raise GatewayUnavailable from None


def _answer(record: RunRecord, *, replayed: bool) -> web.Response:
    headers = {"x-run-id": record.id}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if record.status is RunStatus.COMPLETED and record.result is not None:
        # The worker wrote it as JSON: it goes in as it stands.
        return web.Response(
            body=b'{"ok":true,"result":%s}' % record.result.output.encode(),
            headers=headers,
            content_type="application/json",
            charset="utf-8",
        )
    return _failure(_error_of(record), headers)


def _error_of(record: RunRecord) -> ErrorBody:
    if record.status is RunStatus.CANCELLED:
        return ErrorBody(409, "cancelled", "The call was cancelled.")
    if record.status is RunStatus.EXPIRED:
        return ErrorBody(503, "unavailable", "No worker took the call in time; retry later.")
    if record.error is None or record.error.type == "api_error":
        return ErrorBody(500, "tool_error", "tool execution failed")
    return record.error


def _refusal(error: GatewayError) -> web.Response:
    body = error.body
    if isinstance(error, QueueFull | StoreUnavailable):
        body = ErrorBody(body.status, "unavailable", body.message, body.code)
    elif isinstance(error, IdempotencyConflict):
        body = ErrorBody(body.status, "invalid_request", body.message, body.code)
    headers = dict(NO_STORE)
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return _failure(body, headers)


def _failure(body: ErrorBody, headers: dict[str, str]) -> web.Response:
    payload: dict[str, Any] = {"ok": False, "error": body.to_wire()}
    return json_response(payload, status=body.status, headers=headers)
