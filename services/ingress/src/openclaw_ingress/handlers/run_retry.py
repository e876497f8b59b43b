"""`POST /v1/runs/{id}/retry`: the same request once more, as a run of its own (run-api.md §4.2)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from openclaw_common.contracts.errors import INVALID_REQUEST, ErrorBody, GatewayError, NotFound
from openclaw_common.contracts.run import RunStatus
from openclaw_common.queue.job_queue import Idempotency, Replayed
from openclaw_common.queue.retries import ask_again
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.chat_admission import idempotency_key
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.run_objects import accepted_run

SCOPE: Final = "run-retry"
RETRYABLE: Final = frozenset({RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.EXPIRED})


class NotRetryable(GatewayError):
    """The run goes on, or went well."""

    def __init__(self, status: RunStatus) -> None:
        message = (
            f"The run is {status.value}; only one that failed, expired or was cancelled is retried."
        )
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "run_not_retryable"))


async def retry_run(request: web.Request) -> web.Response:
    """Answer 202 with a new run that has the request of an old one; `retry_of` names that.

    An old run that was a dead letter is none any more. Raises NotFound, NotRetryable,
    IdempotencyConflict, QueueFull, StoreUnavailable.
    """
    app, store = request.app, request.app[STORE]
    key = idempotency_key(request.headers)
    record = await find_run(app, request.match_info["id"])
    if record.status not in RETRYABLE:
        raise NotRetryable(record.status)
    idempotency = Idempotency(SCOPE, key, record.id) if key else None
    outcome = await ask_again(store, record.id, idempotency=idempotency)
    if outcome is None:
        raise NotFound("There is no such run.", code="run_not_found")
    await store.dead_letters.forget(record.id)
    return await accepted_run(app, outcome.id, replayed=isinstance(outcome, Replayed))
