"""The events of a run as they are, streamed: of one that goes on, or of one that has ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from aiohttp import web

from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import READER, STORE
from openclaw_ingress.follow import PAGE, events_of, kept_events, relay
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.run_answers import begin_stream
from openclaw_ingress.run_lookup import LAST_EVENT_ID, StreamExpired
from openclaw_ingress.run_view import RunEventsView
from openclaw_ingress.sse import retry

RECONNECT_MS: Final = 1000
"""How soon a client that lost the stream shall come back, in milliseconds."""


async def stream_events(
    request: web.Request, record: RunRecord, after: int, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer with the events behind `after`, up to the terminal one; `headers` name the run.

    Raises StreamExpired, StoreUnavailable.
    """
    store, reader = request.app[STORE], request.app[READER]
    if not record.status.terminal:
        live = events_of(store, reader, record.id, after)
        return await _stream(request, record, after, live, headers)
    page = await store.streams.read(record.id, after, PAGE)
    if not page and not 0 < record.last_sequence <= after:
        raise StreamExpired
    if not page and LAST_EVENT_ID in request.headers:
        # An EventSource that has the terminal event would come back for ever, but for a 204.
        return web.Response(status=204, headers=headers)
    return await _stream(request, record, after, kept_events(store, record.id, page), headers)


async def _stream(
    request: web.Request,
    record: RunRecord,
    after: int,
    source: AsyncGenerator[list[RunEvent], None],
    headers: Mapping[str, str],
) -> web.StreamResponse:
    async with aclosing(source) as events:
        sse = await begin_stream(request, {"Cache-Control": "no-store", **headers})
        view = RunEventsView(record.id, after=after)
        first = retry(RECONNECT_MS)
        await relay(request, sse, events, view, request.app[OPEN_STREAMS], first=first)
        return sse.response
