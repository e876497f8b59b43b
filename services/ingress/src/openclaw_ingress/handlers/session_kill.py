"""OpenClaw's `POST /sessions/{key}/kill`: an end to whatever a session does (contract §1.9)."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.contracts.errors import INVALID_REQUEST, ErrorBody, InvalidRequest
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.session_lookup import known_session, session_key_of
from openclaw_ingress.session_refusals import no_session, refusal


async def kill_session(request: web.Request) -> web.Response:
    """Cancel every run of a session; answers whether there was any. Raises StoreUnavailable."""
    try:
        key = session_key_of(request)
    except InvalidRequest:
        return refusal(ErrorBody(400, INVALID_REQUEST, "invalid session key"))
    if await known_session(request.app, key) is None:
        return no_session(key)
    cancelled = await request.app[STORE].session_steps.cancel(key, "killed")
    return json_response({"ok": True, "killed": cancelled > 0}, headers=NO_STORE)
