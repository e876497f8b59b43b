"""`POST /v1/runs/{id}/cancel`, and `/stop` as other clients call it (run-api.md §4.2)."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.contracts.errors import INVALID_REQUEST, ErrorBody, GatewayError
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.runs import CancelOutcome
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.run_objects import accepted_run


class AlreadyTerminal(GatewayError):
    """The run has ended otherwise."""

    def __init__(self, status: RunStatus) -> None:
        message = f"The run has ended already: it is {status.value}."
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "run_already_terminal"))


async def cancel_run(request: web.Request) -> web.Response:
    """Answer 202 with a run that is cancelled, or will be once its worker has heard of it.

    Asked again it answers the same. Raises NotFound, AlreadyTerminal, StoreUnavailable.
    """
    app = request.app
    record = await find_run(app, request.match_info["id"])
    outcome = await app[STORE].runs.cancel(record.id)
    if outcome is CancelOutcome.ALREADY_TERMINAL:
        ended = await find_run(app, record.id)
        if ended.status is not RunStatus.CANCELLED:
            raise AlreadyTerminal(ended.status)
    return await accepted_run(app, record.id)
