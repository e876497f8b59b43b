"""`GET /v1/sessions/{key}/messages`: what was said, in pages (run-api.md §4.5)."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.ordered_list import OrderedCursor, ordered_list, parse_ordered_cursor
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.session_object import SessionMessage
from openclaw_ingress.session_lookup import find_session
from openclaw_ingress.session_view import session_messages


async def list_session_messages(request: web.Request) -> web.Response:
    """Answer a page of messages, newest first unless `order=asc`.

    Raises NotFound, InvalidRequest, StoreUnavailable.
    """
    found = await find_session(request)
    cursor = parse_ordered_cursor(request.query)
    session, transcript = await request.app[STORE].sessions.read(found.key)
    messages = session_messages(session, transcript)
    if not cursor.newer:
        messages.reverse()
    rest = _behind(messages, cursor)
    page = rest[: cursor.limit]
    body = ordered_list(page, cursor, more=len(rest) > len(page))
    return json_response(body, headers=NO_STORE)


def _behind(messages: list[SessionMessage], cursor: OrderedCursor) -> list[SessionMessage]:
    item_id = cursor.cursor.item_id
    if item_id is None:
        return messages
    for index, message in enumerate(messages):
        if message["id"] == item_id:
            return messages[index + 1 :]
    name = "before" if cursor.backwards else "after"
    raise InvalidRequest(
        f"`{name}` must be the id of a message of this session that is still there.",
        param=name,
        code="invalid_cursor",
    )
