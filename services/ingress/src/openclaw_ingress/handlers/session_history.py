"""OpenClaw's `GET /sessions/{key}/history` (contract §1.9), as JSON or as an event stream.

Messages are numbered from 1 through the session's epoch; `cursor` is the number before which the
page ends.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from openclaw_common.contracts.errors import INVALID_REQUEST, ErrorBody, InvalidRequest
from openclaw_common.contracts.run_event import RunEvent
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.follow import relay
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_answers import begin_stream
from openclaw_ingress.session_follow import SessionEventsView, SessionFollower
from openclaw_ingress.session_lookup import known_session, session_key_of
from openclaw_ingress.session_refusals import no_session, refusal
from openclaw_ingress.session_view import session_messages
from openclaw_ingress.sse import frame
from openclaw_ingress.tenancy import shown

LIMIT_DEFAULT: Final = 200
LIMIT_MAX: Final = 1000
_POSITIVE: Final = re.compile(r"[0-9]{1,15}\Z")


@dataclass(frozen=True, slots=True)
class _History:
    """Messages with their numbers, oldest first, and the epoch that they are of."""

    epoch: int
    items: list[dict[str, Any]]


async def read_history(request: web.Request) -> web.StreamResponse:
    """Answer the newest messages before `cursor`; `Accept: text/event-stream` follows the session.

    Raises StoreUnavailable, TooManyStreams.
    """
    try:
        key = session_key_of(request)
        limit, cursor = _number(request, "limit"), _number(request, "cursor")
    except InvalidRequest as error:
        message = "invalid session key" if error.body.param == "key" else error.body.message
        return refusal(ErrorBody(400, INVALID_REQUEST, message))
    if await known_session(request.app, key) is None:
        return no_session(key)
    history = await _history(request.app, key)
    size = min(limit or LIMIT_DEFAULT, LIMIT_MAX)
    if "text/event-stream" in request.headers.get("Accept", ""):
        with request.app[OPEN_STREAMS].slot():
            return await _stream(request, key, history, size)
    return json_response(_page(key, history, size, cursor), headers=NO_STORE)


def _number(request: web.Request, name: str) -> int | None:
    given = request.query.get(name)
    if given is None:
        return None
    if not _POSITIVE.match(given) or int(given) < 1:
        raise InvalidRequest(f"{name} must be a positive integer", param=name)
    return int(given)


async def _history(app: web.Application, key: str) -> _History:
    session, transcript = await app[STORE].sessions.read(key)
    items = [
        {
            "seq": int(message["id"].split("_")[2]),
            **{name: value for name, value in message.items() if value is not None},
        }
        for message in session_messages(session, transcript)
    ]
    return _History(session.epoch, items)


def _page(key: str, history: _History, limit: int, cursor: int | None) -> dict[str, Any]:
    before = [item for item in history.items if cursor is None or item["seq"] < cursor]
    page = before[-limit:]
    body: dict[str, Any] = {
        "sessionKey": shown(key),
        "items": page,
        "messages": page,
        "hasMore": len(before) > len(page),
    }
    if body["hasMore"]:
        body["nextCursor"] = page[0]["seq"]
    return body


class _MessagesView:
    """Frames of messages; a session that is no more ends the stream."""

    def __init__(self) -> None:
        self.ended = False

    def encode(self, events: Iterable[RunEvent]) -> bytes:
        """Return one frame an event."""
        return b"".join(frame(event.data, event=event.type) for event in events)


async def _stream(
    request: web.Request, key: str, history: _History, limit: int
) -> web.StreamResponse:
    app = request.app
    follower = SessionFollower(app, key, SessionEventsView(key))
    await follower.open(None)
    first = frame(orjson.dumps(_page(key, history, limit, None)), event="history")
    view = _MessagesView()
    async with aclosing(_new_messages(app, key, history, follower)) as messages:
        sse = await begin_stream(request, NO_STORE)
        await relay(request, sse, messages, view, app[OPEN_STREAMS], first=first)
        return sse.response


async def _new_messages(
    app: web.Application, key: str, history: _History, follower: SessionFollower
) -> AsyncGenerator[list[RunEvent], None]:
    epoch, known = history.epoch, history.items[-1]["seq"] if history.items else 0
    async with aclosing(follower.events()) as events:
        async for batch in events:
            if not batch[-1].terminal:
                continue
            now = await _history(app, key)
            if now.epoch != epoch:
                epoch, known = now.epoch, 0
            new = [item for item in now.items if item["seq"] > known]
            if new:
                known = new[-1]["seq"]
                yield [RunEvent(0, 0, "message", orjson.dumps(item)) for item in new]
