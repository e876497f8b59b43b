"""The first steps of every hook request, in the contract's order (§3.2): before any body is read.

A path that has a mapping with a signature lets everybody through to the handler, which checks the
signature, or the token if another mapping is meant: senders such as GitHub have no hook token.
"""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.app_keys import HOOK_CALLER, KEY_HOLDERS
from openclaw_ingress.auth.hook_guard import presented_token
from openclaw_ingress.auth.key_scopes import HOOKS_KEY, key_covers
from openclaw_ingress.errors import MissingScope
from openclaw_ingress.hook_context import HOOKS
from openclaw_ingress.tenancy import charge

OWN_PATHS: Final = frozenset({"agent", "wake"})
"""What is never mapped."""
TOKEN_IN_QUERY: Final = (
    "Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header"
    " (query parameters are not allowed)."
)


KEY_CALLER: Final = "api-key"
"""Who sends hooks with an API key: all of one tenant are one sender."""


async def admit_hook(request: web.Request) -> None:
    """Set HOOK_CALLER to the digest of the token, empty where a signature is to decide.

    An API key with the scope `hooks` lets in too. Raises MissingScope, InvalidRequest,
    HTTPMethodNotAllowed, Unauthorized, TooManyRequests, StoreUnavailable.
    """
    hooks = request.app[HOOKS]
    if "token" in request.query:
        raise InvalidRequest(TOKEN_IN_QUERY)
    if request.method != hdrs.METH_POST:
        raise web.HTTPMethodNotAllowed(request.method, [hdrs.METH_POST])
    if hooks.guard.holds_token(request):
        await hooks.guard.welcome(request)
        request[HOOK_CALLER] = hooks.guard.token_digest
    elif (key := await _key_of(request)) is not None:
        await hooks.guard.welcome(request)
        request[HOOK_CALLER] = KEY_CALLER
        charge(request, key)
    elif hooks.mappings.may_be_signed(sub_path(request)):
        request[HOOK_CALLER] = ""
    else:
        await hooks.guard.refuse(request)


async def _key_of(request: web.Request) -> ApiKey | None:
    key = await request.app[KEY_HOLDERS].find(presented_token(request))
    if key is not None and not key_covers(key.scopes, HOOKS_KEY):
        raise MissingScope(HOOKS_KEY)
    return key


def sub_path(request: web.Request) -> str:
    """Return what follows `hooks.path`, without slashes around it; empty for the two of our own.

    However those are spelled: `/hooks//agent` and `/hooks/agent%2F` name no mapping.
    """
    name = request.match_info.get("name", "").strip("/")
    return "" if name in OWN_PATHS else name
