"""`GET` and `DELETE /v1/sessions/{key}` (run-api.md §4.5)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from aiohttp import web

from openclaw_ingress.app_keys import STORE
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.session_object import DeletedSession
from openclaw_ingress.session_ending import cancel_and_wait, wants_cancel
from openclaw_ingress.session_lookup import find_session, no_such_session, session_key_of
from openclaw_ingress.session_view import session_object
from openclaw_ingress.tenancy import shown

CANCEL_S: Final = 10.0
"""How long a deletion waits for the run that it cancelled, in seconds."""


async def read_session(request: web.Request) -> web.Response:
    """Answer one session. Raises NotFound, InvalidRequest, StoreUnavailable."""
    found = await find_session(request)
    return json_response(session_object(found.key, found.record, found.lane), headers=NO_STORE)


async def delete_session(request: web.Request) -> web.Response:
    """Take away a session, its messages and its ended runs.

    With `?cancel=true` its runs are cancelled first. Raises NotFound, InvalidRequest, SessionBusy,
    StoreUnavailable.
    """
    app, key = request.app, session_key_of(request)
    if wants_cancel(request):
        with suppress(TimeoutError):
            await cancel_and_wait(app, key, "deleted", CANCEL_S)
    if not await app[STORE].session_steps.delete(key):
        raise no_such_session()
    body: DeletedSession = {"id": shown(key), "object": "session.deleted", "deleted": True}
    return json_response(body, headers=NO_STORE)
