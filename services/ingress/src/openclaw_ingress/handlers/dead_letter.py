"""`GET` and `DELETE /v1/dead-letters/{id}`: one dead letter; its id is the run's or delivery's."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import STORE
from openclaw_ingress.delivery_lookup import find_dead_letter, no_such_dead_letter
from openclaw_ingress.delivery_view import dead_letter_object
from openclaw_ingress.responses import NO_STORE, json_response


async def read_dead_letter(request: web.Request) -> web.Response:
    """Answer a dead letter. Raises NotFound, StoreUnavailable."""
    letter = await find_dead_letter(request.app, request.match_info["id"])
    return json_response(dead_letter_object(letter), headers=NO_STORE)


async def delete_dead_letter(request: web.Request) -> web.Response:
    """Take a dead letter off the list; the run or delivery can be read for its usual time.

    Raises NotFound, StoreUnavailable.
    """
    letter_id = (await find_dead_letter(request.app, request.match_info["id"])).id
    if not await request.app[STORE].all_dead_letters.of(letter_id).forget(letter_id):
        raise no_such_dead_letter()
    body = {"id": letter_id, "object": "dead_letter", "deleted": True}
    return json_response(body, headers=NO_STORE)
