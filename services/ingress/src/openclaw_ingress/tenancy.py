"""Whose things a request may see and name: the account of the caller, in the words of the store."""

from __future__ import annotations

from functools import partial
from typing import Final

from aiohttp import web

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.contracts.tenants import in_tenant, tenant_of, without_tenant
from openclaw_common.queue.accounts import Account, current_account
from openclaw_ingress.app_keys import ACCOUNT, LIMITS
from openclaw_ingress.auth.key_scopes import ADMIN_KEY
from openclaw_ingress.session_keys import named_session

NOBODYS_SESSIONS: Final = "agent:"
"""What the sessions of no tenant begin with."""


def charge(request: web.Request, key: ApiKey) -> None:
    """Set ACCOUNT to that of an API key; an admin of no tenant sees every tenant's things."""
    request[ACCOUNT] = Account(
        key_id=key.id,
        tenant=key.tenant,
        sees_all=not key.tenant and ADMIN_KEY in key.scopes,
        agents=None if key.agents is None else frozenset(key.agents),
        limits=key.limits,
        report=partial(request.__setitem__, LIMITS),
    )


def visible_tenant() -> str | None:
    """Return the tenant whose things alone are listed, '' for nobody's, None for everybody's."""
    account = current_account()
    return None if account.sees_all else account.tenant


def shown(stored: str) -> str:
    """Return a stored session key or job id as the caller calls it."""
    return without_tenant(stored) if current_account().tenant else stored


def own_session(agent_id: str, key: str, param: str) -> str:
    """Return the stored key of a session that the caller names.

    Who sees everything may name a tenant's session by its stored key. Raises InvalidRequest.
    """
    account = current_account()
    if account.sees_all and tenant_of(key):
        return in_tenant(tenant_of(key), named_session(agent_id, without_tenant(key), param))
    return account.stored(named_session(agent_id, key, param))


def session_prefix(prefix: str) -> str:
    """Return what the stored keys of the sessions begin with that the caller asks for."""
    account = current_account()
    if account.sees_all:
        return prefix
    if account.tenant:
        return account.stored(prefix)
    return prefix if prefix.startswith(NOBODYS_SESSIONS) else NOBODYS_SESSIONS
