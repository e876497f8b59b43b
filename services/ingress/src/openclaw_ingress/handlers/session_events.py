"""`GET /v1/sessions/{key}/events`: the events of all its runs, as they happen (run-api.md §4.5)."""

from __future__ import annotations

from contextlib import aclosing

from aiohttp import web

from openclaw_ingress.follow import relay
from openclaw_ingress.native_stream import RECONNECT_MS
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.run_answers import begin_stream
from openclaw_ingress.session_follow import SessionEventsView, SessionFollower, session_place
from openclaw_ingress.session_keys import header_value
from openclaw_ingress.session_lookup import session_key_of
from openclaw_ingress.sse import retry
from openclaw_ingress.tenancy import shown


async def follow_session_events(request: web.Request) -> web.StreamResponse:
    """Stream the runs of a session: those that are not ended, and all that come.

    A session need not exist yet. Behind `Last-Event-ID` or `starting_after` go on the runs since
    that event. Raises InvalidRequest, TooManyStreams, StoreUnavailable.
    """
    key, place = session_key_of(request), session_place(request)
    streams = request.app[OPEN_STREAMS]
    with streams.slot():
        view = SessionEventsView(key)
        follower = SessionFollower(request.app, key, view)
        await follower.open(place)
        headers = {"Cache-Control": "no-store", "x-openclaw-session-key": header_value(shown(key))}
        async with aclosing(follower.events()) as events:
            sse = await begin_stream(request, headers)
            await relay(request, sse, events, view, streams, first=retry(RECONNECT_MS))
            return sse.response
