"""`GET /v1/runs`: runs in pages, filtered (run-api.md §4.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.pages import Page, Place
from openclaw_common.store.run_lists import RunFilter
from openclaw_ingress.app_keys import CONFIG, STORE
from openclaw_ingress.cursor_list import parse_time_ms
from openclaw_ingress.ordered_list import OrderedCursor, ordered_list, parse_ordered_cursor
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_objects import run_objects
from openclaw_ingress.tenancy import own_session, visible_tenant

MAX_STRETCHES: Final = 3
"""How often one page looks further for runs that match."""
_METADATA: Final = "metadata["


async def list_runs(request: web.Request) -> web.Response:
    """Answer a page of runs. Raises InvalidRequest, StoreUnavailable."""
    app, query = request.app, request.query
    wanted = _filter(query, app[CONFIG].agents.default_id)
    cursor = parse_ordered_cursor(query)
    store = app[STORE]
    place = await cursor.place(_place_of(app))
    found: list[Place] = []
    page = Page((), more=True, last=place)
    for _ in range(MAX_STRETCHES):
        page = await store.run_lists.page(
            wanted, cursor.limit - len(found), place=page.last or place, newer=cursor.newer
        )
        found += page.places
        if not page.more or len(found) >= cursor.limit:
            break
    records = await store.runs.get_all([seen.id for seen in found])
    items = await run_objects(app, [record for record in records if record is not None])
    return json_response(_body(items, cursor, page), headers=NO_STORE)


def _body(items: Iterable[object], cursor: OrderedCursor, page: Page) -> dict[str, object]:
    last = page.last.id if page.more and page.last is not None else None
    return ordered_list(items, cursor, more=page.more, looked_at=last)


def _place_of(app: web.Application) -> Callable[[str], Awaitable[Place | None]]:
    async def place_of(item: str) -> Place | None:
        run_id = parse_run_id(item)
        return await app[STORE].run_lists.place_of(run_id) if run_id else None

    return place_of


def _filter(query: MultiMapping[str], default_agent: str) -> RunFilter:
    session_key = query.get("session_key")
    agent_id = query.get("agent_id") or None
    return RunFilter(
        statuses=frozenset(_status(word) for word in query.getall("status", ())),
        agent_id=agent_id,
        session_key=(
            own_session(agent_id or default_agent, session_key, "session_key")
            if session_key
            else None
        ),
        source=query.get("source") or None,
        trace_id=query.get("trace_id") or None,
        tenant=visible_tenant(),
        created_after_ms=_later(parse_time_ms(query, "created_after")),
        created_before_ms=parse_time_ms(query, "created_before"),
        metadata={
            name[len(_METADATA) : -1]: value
            for name, value in query.items()
            if name.startswith(_METADATA) and name.endswith("]")
        },
    )


def _later(time_ms: int | None) -> int | None:
    # A run of that very second is not after it.
    return None if time_ms is None else time_ms + 999


def _status(word: str) -> RunStatus:
    try:
        return RunStatus(word)
    except ValueError:
        words = ", ".join(status.value for status in RunStatus)
        raise InvalidRequest(f"`status` must be one of {words}.", param="status") from None
