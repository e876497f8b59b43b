"""A run as the answer to a request: its stream joined, its end awaited, the headers that name it.

Shared by the endpoints that show a run in a form of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import aclosing
from typing import Final, Protocol

from aiohttp import web

from openclaw_common.contracts.run_event import RUN_QUEUED, RunEvent
from openclaw_common.store.admission import Replayed
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CONFIG, READER, STORE
from openclaw_ingress.chat_admission import joining_reader
from openclaw_ingress.errors import GatewayUnavailable
from openclaw_ingress.follow import (
    PAGE,
    SseResponse,
    View,
    events_of,
    kept_events,
    relay,
    wait_for_end,
)
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.run_lookup import StreamExpired
from openclaw_ingress.session_keys import header_value
from openclaw_ingress.tenancy import shown

FIRST_EVENT: Final = RunEvent(1, 0, RUN_QUEUED, b"{}")
"""What admit writes: the reader need not wait for it to come back."""


class StoredView(View, Protocol):
    """A view that can also be made of an ended run's record."""

    def stored(self, record: RunRecord) -> bytes | None:
        """Return the whole stream of a run whose events are gone, None where it cannot be told."""
        ...


async def stream_joined(
    request: web.Request, record: RunRecord, view: StoredView, headers: dict[str, str]
) -> web.StreamResponse:
    """Answer with the stream of a run that exists; raises StreamExpired, StoreUnavailable."""
    app, store = request.app, request.app[STORE]
    if not record.status.terminal:
        async with (
            joining_reader(app, record.id) as reading,
            aclosing(events_of(store, app[READER], record.id)) as events,
        ):
            sse = await begin_stream(request, headers)
            reading.run_ended = await relay(request, sse, events, view, app[OPEN_STREAMS])
            return sse.response
    page = await store.streams.read(record.id, 0, PAGE)
    if page and page[0].sequence == 1:
        async with aclosing(kept_events(store, record.id, page)) as events:
            sse = await begin_stream(request, headers)
            await relay(request, sse, events, view, app[OPEN_STREAMS])
            return sse.response
    frames = view.stored(record)
    if frames is None:
        raise StreamExpired
    sse = await begin_stream(request, headers)
    await sse.response.write(frames)
    return sse.response


async def wait_until_ended(
    app: web.Application,
    run_id: str,
    *,
    after: int,
    events: AsyncIterable[list[RunEvent]] | None = None,
) -> None:
    """Return once the run has ended; raises GatewayUnavailable when the process closes first."""
    try:
        async with app[OPEN_STREAMS].until_closing():
            await wait_for_end(app[STORE], app[READER], run_id, after=after, events=events)
    except TimeoutError:
        raise GatewayUnavailable from None


async def begin_stream(request: web.Request, headers: dict[str, str]) -> SseResponse:
    """Begin an event stream with the configured keep-alive."""
    keep_alive_s = request.app[CONFIG].ingress.sse_keep_alive_seconds
    return await SseResponse.begin(request, headers, keep_alive_s=keep_alive_s)


def run_headers(run_id: str, session_key: str, position: int = 0) -> dict[str, str]:
    """Return the headers of an answer about a run that was just accepted."""
    headers = {"x-run-id": run_id, "x-openclaw-session-key": header_value(shown(session_key))}
    if position > 0:
        headers["x-openclaw-queue-position"] = str(position)
    return headers


def joined_headers(record: RunRecord, outcome: Replayed) -> dict[str, str]:
    """Return the headers of an answer about the run that a request became part of."""
    headers = record_headers(record, replayed=not outcome.collected)
    if outcome.collected:
        headers["x-openclaw-collected"] = "true"
    return headers


def record_headers(
    record: RunRecord, *, position: int = 0, replayed: bool = False
) -> dict[str, str]:
    """Return the headers of an answer about a run that exists."""
    headers = run_headers(record.id, record.session_key, position)
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return headers
