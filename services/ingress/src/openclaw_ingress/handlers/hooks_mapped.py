"""`POST /hooks/<name>`: what the configured mappings make of a webhook (contract §3.5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest, NotFound
from openclaw_ingress.app_keys import HOOK_CALLER
from openclaw_ingress.auth.hook_gate import sub_path
from openclaw_ingress.hook_admission import Sender, sha256_of
from openclaw_ingress.hook_answers import (
    answer_incomplete,
    answer_run,
    answer_wake,
    idempotency_key,
)
from openclaw_ingress.hook_body import parse_payload, plain_text, read_hook_body
from openclaw_ingress.hook_context import HOOKS, HookContext
from openclaw_ingress.hook_fan_out import Delivery, Dispatched, dispatch
from openclaw_ingress.hook_mapping import CompiledMapping
from openclaw_ingress.hook_signatures import SignatureInvalid, SignedDelivery, SignedRequest
from openclaw_ingress.hook_template import TemplateContext
from openclaw_ingress.responses import NO_STORE, json_response

HIDDEN_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-openclaw-token", "x-gitlab-token"}
)
"""Credentials; templates and transforms do not see them."""


async def dispatch_mapped(request: web.Request) -> web.Response:
    """Accept what the first matching mapping asks for; 204 where that is nothing.

    Raises NotFound for a webhook that no mapping is for.
    """
    hooks, path = request.app[HOOKS], sub_path(request)
    if not path:
        raise NotFound
    raw = await read_hook_body(request, hooks.mappings.max_body_bytes(path))
    payload, malformed = _payload(request, raw)
    mapping = hooks.mappings.find(path, payload)
    signed = await _authenticated(request, mapping, raw, payload)
    if malformed is not None:
        raise malformed
    if mapping is None:
        raise NotFound
    if signed is not None and (challenge := _challenge(mapping, payload)):
        return json_response({"challenge": challenge}, headers=NO_STORE)
    delivery = Delivery(
        mapping,
        _context(request, hooks, path, payload),
        str(request.rel_url),
        _sender(request, mapping, signed, payload, path),
        _fingerprint(mapping, signed, raw),
    )
    items = mapping.items(payload, hooks.settings.for_each_max_items)
    timeout_s = hooks.settings.fan_out_timeout_ms / 1000
    dispatched = await dispatch(hooks.admission, delivery, items, timeout_s)
    return await _answer(request, dispatched)


def _payload(request: web.Request, raw: bytes) -> tuple[Any, InvalidRequest | None]:
    try:
        return parse_payload(request, raw), None
    except InvalidRequest as error:
        # Not told before the sender is known: one changed byte of a signed body is no 400.
        return {}, error


async def _authenticated(
    request: web.Request, mapping: CompiledMapping | None, raw: bytes, payload: Any
) -> SignedDelivery | None:
    hooks = request.app[HOOKS]
    if mapping is None or mapping.signature is None:
        if not request[HOOK_CALLER]:
            await hooks.guard.refuse(request)
        return None
    signed = SignedRequest(request.headers, raw)
    try:
        delivery = mapping.signature.verify(signed, payload, hooks.clock.wall())
    except SignatureInvalid:
        await hooks.guard.refuse(request)
    await hooks.guard.welcome(request)
    return delivery


def _challenge(mapping: CompiledMapping, payload: Any) -> str | None:
    """Return what Slack wants to hear before it sends events to an address (`url_verification`)."""
    settings = mapping.settings.signature
    if settings is None or settings.provider != "slack" or not isinstance(payload, dict):
        return None
    challenge = payload.get("challenge")
    asked = payload.get("type") == "url_verification" and isinstance(challenge, str)
    return challenge if asked else None


def _fingerprint(mapping: CompiledMapping, signed: SignedDelivery | None, raw: bytes) -> str | None:
    """Return what tells equal webhooks: of a signed one only what is signed does."""
    if signed is None:
        return None
    # A signed id names one event, whose text may differ when it is sent again.
    return "" if signed.id and signed.id_signed else sha256_of(mapping.id, raw)


def _sender(
    request: web.Request,
    mapping: CompiledMapping,
    signed: SignedDelivery | None,
    payload: Any,
    path: str,
) -> Sender:
    if signed is None:
        return Sender(request[HOOK_CALLER], path, idempotency_key(request, payload))
    key = signed.id or idempotency_key(request, payload) or signed.proof
    return Sender(f"signature {mapping.id}", path, key)


def _context(request: web.Request, hooks: HookContext, path: str, payload: Any) -> TemplateContext:
    now = datetime.fromtimestamp(hooks.clock.wall(), UTC)
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        # Of several the first, which is the one that a signature was checked with.
        if name.lower() not in HIDDEN_HEADERS:
            headers.setdefault(name.lower(), plain_text(value))
    return TemplateContext(
        payload=payload,
        headers=headers,
        query=request.query,
        path=path,
        now=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


async def _answer(request: web.Request, dispatched: Dispatched) -> web.Response:
    if not dispatched.complete:
        if dispatched.items == 1 and dispatched.errors:
            raise dispatched.errors[0]
        return answer_incomplete(request, dispatched)
    if not dispatched.done:
        return web.Response(status=204)
    several: dict[str, Any] = {}
    if dispatched.items - dispatched.dropped > 1:
        several = {"dispatched": dispatched.done}
        if dispatched.runs:
            several["runIds"] = [run.id for run in dispatched.runs]
    if dispatched.runs:
        return await answer_run(request, dispatched.runs[0], more=several)
    action, outcome = dispatched.wakes[-1]
    return answer_wake(action, outcome, several)
