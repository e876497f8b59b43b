"""`GET /v1/dead-letters`: runs, hooks and deliveries that failed for good, in one place."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from openclaw_ingress.app_keys import STORE
from openclaw_ingress.cursor_list import list_object, parse_cursor, place_behind
from openclaw_ingress.delivery_view import dead_letter_object
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.deliveries import parse_letter_query
from openclaw_ingress.tenancy import visible_tenant


async def list_dead_letters(request: web.Request) -> web.Response:
    """Answer dead letters, newest first, by kind, channel, error code and time of death.

    Raises InvalidRequest, StoreUnavailable.
    """
    query, cursor = parse_letter_query(request.query), parse_cursor(request.query)
    wanted = replace(query.wanted, tenant=visible_tenant())
    letters = request.app[STORE].all_dead_letters
    place = await place_behind(cursor, lambda item: letters.of(item).place_of(item))
    page = await letters.page(query.kind, wanted, cursor.limit, place=place, newer=cursor.newer)
    items = [dead_letter_object(letter) for letter in page.letters]
    body = list_object(items, cursor, more=page.more, last=page.last)
    return json_response(body, headers=NO_STORE)
