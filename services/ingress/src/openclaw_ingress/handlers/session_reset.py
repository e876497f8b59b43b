"""`POST /v1/sessions/{key}/reset`: a new epoch with an empty history (run-api.md §4.5)."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.app_keys import STORE
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.session_ending import wants_cancel
from openclaw_ingress.session_lookup import find_session, no_such_session
from openclaw_ingress.session_view import session_object


async def reset_session(request: web.Request) -> web.Response:
    """Answer the session as it is after the reset.

    Raises NotFound, InvalidRequest, StoreUnavailable, and SessionBusy while a run waits or runs,
    unless `?cancel=true` was given.
    """
    found = await find_session(request)
    steps = request.app[STORE].session_steps
    if await steps.reset(found.key, cancel=wants_cancel(request)) is None:
        raise no_such_session()
    after = await find_session(request)
    return json_response(session_object(after.key, after.record, after.lane), headers=NO_STORE)
