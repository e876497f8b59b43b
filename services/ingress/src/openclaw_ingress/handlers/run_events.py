"""`GET /v1/runs/{id}/events`: the events of a run, as a stream or in pages (run-api.md §4.3)."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.native_stream import stream_events
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import json_response
from openclaw_ingress.run_lookup import StreamExpired, find_run, resume_point
from openclaw_ingress.run_view import events_page

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
_LIMIT: Final = re.compile(r"[0-9]{1,3}\Z")


async def follow_run_events(request: web.Request) -> web.StreamResponse:
    """Answer the events behind `Last-Event-ID` or `starting_after`, up to the terminal one.

    `Accept: application/json` asks for a page of those that are there, `limit` for its size. Raises
    NotFound, InvalidRequest, StreamExpired, TooManyStreams, StoreUnavailable.
    """
    as_page = _wants_page(request)
    limit = _limit(request)
    record = await find_run(request.app, request.match_info["id"])
    after = resume_point(request, record)
    if as_page:
        return await _page(request, record, after, limit)
    with request.app[OPEN_STREAMS].slot():
        return await stream_events(request, record, after, {"x-run-id": record.id})


async def _page(
    request: web.Request, record: RunRecord, after: int, limit: int
) -> web.StreamResponse:
    events = await request.app[STORE].streams.read(record.id, after, limit + 1)
    if not events and record.status.terminal and after < max(1, record.last_sequence):
        raise StreamExpired
    page = events_page(record.id, events[:limit], has_more=len(events) > limit)
    return json_response(page, headers={"Cache-Control": "no-store", "x-run-id": record.id})


def _wants_page(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/event-stream" not in accept


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", str(PAGE_DEFAULT))
    if not _LIMIT.match(given) or not 1 <= int(given) <= PAGE_MAX:
        raise InvalidRequest(f"`limit` must be between 1 and {PAGE_MAX}.", param="limit")
    return int(given)
