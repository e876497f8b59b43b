"""`POST /hooks/wake`: a system event for a session (contract §3.3)."""

from __future__ import annotations

from aiohttp import web

from openclaw_ingress.hook_answers import answer_wake
from openclaw_ingress.hook_body import parse_hook_object, read_hook_body
from openclaw_ingress.hook_context import HOOKS
from openclaw_ingress.schemas.hook_wake import parse_hook_wake


async def wake(request: web.Request) -> web.Response:
    """Put the event to the session's, where it waits for the next turn, or causes one now."""
    hooks = request.app[HOOKS]
    raw = await read_hook_body(request, hooks.settings.max_body_bytes)
    action = parse_hook_wake(parse_hook_object(request, raw))
    return answer_wake(action, await hooks.admission.wake(action))
