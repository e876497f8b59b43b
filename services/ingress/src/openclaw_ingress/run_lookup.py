"""What a request about an existing run names: the run, and the event to go on behind."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from openclaw_common.contracts.errors import (
    INVALID_REQUEST,
    ErrorBody,
    GatewayError,
    InvalidRequest,
    NotFound,
)
from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.queue.accounts import current_account
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import STORE

LAST_EVENT_ID: Final = "Last-Event-ID"
STARTING_AFTER: Final = "starting_after"
_SEQUENCE: Final = re.compile(r"[0-9]{1,15}\Z")


class StreamExpired(GatewayError):
    """The events of a run are kept for a shorter time than its record."""

    def __init__(self) -> None:
        message = (
            "The events of this run are no longer kept; its result is still there without "
            "streaming."
        )
        super().__init__(ErrorBody(410, INVALID_REQUEST, message, "stream_expired"))


async def find_run(app: web.Application, any_id: str) -> RunRecord:
    """Return the run that a `run_…` or `chatcmpl_…` id names; another tenant's does not exist.

    Raises NotFound, StoreUnavailable.
    """
    run_id = parse_run_id(any_id)
    record = await app[STORE].runs.get(run_id) if run_id else None
    if record is None or not current_account().sees(record.tenant):
        raise NotFound("There is no such run.", code="run_not_found")
    return record


def resume_point(request: web.Request, record: RunRecord | None = None) -> int:
    """Return the sequence behind which the client wants events, 0 for all of them.

    The header wins over the query parameter: a browser's EventSource reconnects with it to the URL
    that it was given. Raises InvalidRequest for what is no sequence, and for one that the run, if
    it is given, has not reached and that would be waited for in vain.
    """
    given = {
        LAST_EVENT_ID: request.headers.get(LAST_EVENT_ID),
        STARTING_AFTER: request.query.get(STARTING_AFTER),
    }
    asked = [(name, _sequence(name, value)) for name, value in given.items() if value]
    if not asked:
        return 0
    name, after = asked[0]
    if record is not None and not _reached(record, after):
        raise _invalid_resume_point(name)
    return after


def _sequence(name: str, given: str) -> int:
    if not _SEQUENCE.match(given):
        raise _invalid_resume_point(name)
    return int(given)


def _reached(record: RunRecord, sequence: int) -> bool:
    return record.status.terminal or sequence <= record.last_sequence


def _invalid_resume_point(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"`{name}` must be the id of an event of this run, a whole number from 0.",
        param=name,
        code="invalid_last_event_id",
    )
