"""`/api/channels/*` and the like: what a chat platform posts (contract §7).

    check ─▶ read ─▶ everything durable ─▶ the platform's own kind of answer

A platform that is answered 5xx sends again, and what it repeats is known.
"""

from __future__ import annotations

import logging
from typing import Final

from aiohttp import hdrs, web

from openclaw_channels.inbound import InboundRequest, NotAuthentic, NotUnderstood, Prepares
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.app_keys import AUTHENTICATOR, CONFIG
from openclaw_ingress.auth.scopes import ADMIN, covers
from openclaw_ingress.auth.shared_secret import bearer
from openclaw_ingress.channel_webhooks import PLATFORMS, WEBHOOKS, Webhook
from openclaw_ingress.errors import MissingScope
from openclaw_ingress.json_body import read_body
from openclaw_ingress.responses import NO_STORE

ACCEPTED: Final = {"x-openclaw-delivery-accepted": "durable", **NO_STORE}

_logger = logging.getLogger(__name__)


async def receive_webhook(request: web.Request) -> web.Response:
    """Take a webhook in; when this answers, what it said is durable.

    Raises Unauthorized, TooManyRequests, InvalidRequest, QueueFull, StoreUnavailable. A path that
    is nobody's is told to those alone who may use the gateway.
    """
    webhooks = request.app[WEBHOOKS]
    webhook = webhooks.by_path.get(request.path)
    if webhook is None:
        await request.app[AUTHENTICATOR].authenticate(request)
        raise web.HTTPNotFound
    if request.method != hdrs.METH_POST:
        raise web.HTTPMethodNotAllowed(request.method, [hdrs.METH_POST])
    headers = {name.lower(): value for name, value in request.headers.items()}
    if webhook.route.by_headers:
        await _check(request, webhook, InboundRequest(headers, b"", webhooks.now_s()))
    body = await read_body(
        request,
        max_bytes=webhooks.max_body_bytes,
        timeout_s=request.app[CONFIG].ingress.body_timeout_seconds,
    )
    came = InboundRequest(headers, body, webhooks.now_s())
    if not webhook.route.by_headers:
        await _check(request, webhook, came)
    if isinstance(webhook.reader, Prepares):
        await webhook.reader.prepare(came, request.app[PLATFORMS])
    try:
        inbound = webhook.reader.read(came)
    except NotUnderstood as error:
        raise InvalidRequest(str(error)) from None
    await webhooks.intake.take(webhook.rules, inbound.messages)
    answer = inbound.answer
    return web.Response(
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type,
        headers={**ACCEPTED, **answer.headers},
    )


async def _check(request: web.Request, webhook: Webhook, came: InboundRequest) -> None:
    """Return if the platform sent it, or an operator of the gateway where that is enough."""
    try:
        webhook.reader.verify(came)
    except NotAuthentic as error:
        if webhook.route.gateway_auth and bearer(request) is not None:
            caller = await request.app[AUTHENTICATOR].authenticate(request)
            if not covers(caller.scopes, ADMIN):
                raise MissingScope(ADMIN) from None
            return
        _logger.warning("webhook_refused", extra={"path": request.path, "why": str(error)})
        await request.app[WEBHOOKS].guard.refuse(request)
