"""`GET /v1/sessions`: sessions in pages, the last used first (run-api.md §4.5)."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from openclaw_common.queue.accounts import current_account
from openclaw_common.store.pages import Place
from openclaw_common.store.session_steps import SessionFilter, SessionPage
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.cursor_list import parse_time_ms
from openclaw_ingress.ordered_list import ordered_list, parse_ordered_cursor
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.session_view import session_object
from openclaw_ingress.tenancy import session_prefix, shown

_PLACE: Final = re.compile(r"([0-9]{1,15})-(.+)\Z", re.DOTALL)


async def list_sessions(request: web.Request) -> web.Response:
    """Answer a page of sessions; `first_id` and `last_id` name places, not sessions.

    A session that is used meanwhile moves to the front, and no other moves with it. Raises
    InvalidRequest, StoreUnavailable.
    """
    steps, query = request.app[STORE].session_steps, request.query
    updated_after = parse_time_ms(query, "updated_after")
    wanted = SessionFilter(
        agent_id=query.get("agent_id") or None,
        prefix=session_prefix(query.get("prefix", "")),
        updated_after_ms=None if updated_after is None else updated_after + 999,
    )
    cursor = parse_ordered_cursor(query)
    place = await cursor.place(_place_of)
    page = await steps.page(wanted, cursor.limit, place=place, newer=cursor.newer)
    lanes = await asyncio.gather(*(steps.lane(key) for key, _ in page.sessions))
    items = [
        session_object(key, session, lane)
        for (key, session), lane in zip(page.sessions, lanes, strict=True)
    ]
    body = ordered_list(items, cursor, more=page.more)
    ends = _ends(page)
    body["first_id"], body["last_id"] = reversed(ends) if cursor.backwards else ends
    return json_response(body, headers=NO_STORE)


async def _place_of(item: str) -> Place | None:
    match = _PLACE.match(item)
    return Place(int(match[1]), current_account().stored(match[2])) if match else None


def _ends(page: SessionPage) -> tuple[str | None, str | None]:
    if not page.sessions:
        far = f"{page.last.score}-{shown(page.last.id)}" if page.more and page.last else None
        return far, far
    (near_key, near), (far_key, far_record) = page.sessions[0], page.sessions[-1]
    first = f"{near.updated_ms}-{shown(near_key)}"
    if page.more and page.last is not None:
        return first, f"{page.last.score}-{shown(page.last.id)}"
    return first, f"{far_record.updated_ms}-{shown(far_key)}"
