"""`POST /hooks/agent`: a run for a message (contract §3.4)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from openclaw_ingress.app_keys import HOOK_CALLER
from openclaw_ingress.hook_admission import Sender
from openclaw_ingress.hook_answers import answer_run, idempotency_key
from openclaw_ingress.hook_body import parse_hook_object, read_hook_body
from openclaw_ingress.hook_context import HOOKS
from openclaw_ingress.schemas.hook_agent import parse_hook_agent, parse_wait

PATH: Final = "agent"


async def start_agent(request: web.Request) -> web.Response:
    """Accept the run; when this answers, the run is durable. Equal keys are one run."""
    hooks = request.app[HOOKS]
    raw = await read_hook_body(request, hooks.settings.max_body_bytes)
    body = parse_hook_object(request, raw)
    prepared = hooks.admission.prepare(parse_hook_agent(body))
    wait = parse_wait(body)
    key = idempotency_key(request, body)
    identity = None
    if key:
        sender = Sender(request[HOOK_CALLER], PATH, key)
        identity = sender.identity(prepared.fingerprint(), hooks.admission.keep_ms)
    return await answer_run(request, await hooks.admission.start(prepared, identity), wait=wait)
