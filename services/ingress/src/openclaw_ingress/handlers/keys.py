"""`/v1/keys`: named API keys; the key itself is shown once, when it is made."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from openclaw_common.contracts.api_key import (
    SHOWN_CHARS,
    ApiKey,
    digest_of,
    new_key_id,
    new_secret,
)
from openclaw_common.contracts.errors import (
    INVALID_REQUEST,
    ErrorBody,
    GatewayError,
    InvalidRequest,
    NotFound,
)
from openclaw_common.queue.accounts import current_account
from openclaw_ingress.app_keys import CONFIG, STORE
from openclaw_ingress.cursor_list import list_object, parse_cursor
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.api_key import key_object, parse_key_creation

MAX_BODY_BYTES: Final = 65_536


class KeysFull(GatewayError):
    """There are as many keys as there may be."""

    def __init__(self, most: int) -> None:
        message = (
            f"There are {most} API keys already (gateway.auth.maxApiKeys), and none of them has"
            " been over for 30 days; raise the limit."
        )
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "api_keys_full"))


class OperatorOnly(GatewayError):
    """A key that a tenant made could do more than the one it was made with."""

    def __init__(self) -> None:
        message = (
            "Only the gateway's secret, or an admin key without tenant and allowed agents, makes"
            " keys."
        )
        super().__init__(ErrorBody(403, "forbidden", message, "operator_only"))


async def create_key(request: web.Request) -> web.Response:
    """Make a key and answer 201 with it; `key` is not shown again.

    Raises InvalidRequest, OperatorOnly, KeysFull, StoreUnavailable.
    """
    account, config, store = current_account(), request.app[CONFIG], request.app[STORE]
    if not account.sees_all or account.agents is not None:
        raise OperatorOnly
    raw = await read_body(
        request, max_bytes=MAX_BODY_BYTES, timeout_s=config.ingress.body_timeout_seconds
    )
    body = parse_object(raw, max_depth=config.ingress.json_max_depth)
    now_ms = await store.schedule.now_ms()
    asked = parse_key_creation(body, config, now_s=now_ms / 1000)
    secret = new_secret()
    key = ApiKey(
        id=new_key_id(),
        name=asked.name,
        shown=secret[:SHOWN_CHARS],
        digest=digest_of(secret),
        scopes=asked.scopes,
        created_ms=now_ms,
        tenant=asked.tenant,
        agents=asked.agents,
        limits=asked.limits,
        expires_ms=None if asked.expires_s is None else asked.expires_s * 1000,
    )
    most = config.gateway.auth.max_api_keys
    if not await store.api_keys.add(key, most=most):
        raise KeysFull(most)
    headers = {**NO_STORE, "Location": f"/v1/keys/{key.id}"}
    return json_response({**key_object(key), "key": secret}, status=201, headers=headers)


async def list_keys(request: web.Request) -> web.Response:
    """Answer a page of keys, the newest first, revoked ones too.

    A tenant's admin sees its tenant's. Raises InvalidRequest, StoreUnavailable.
    """
    cursor, account = parse_cursor(request.query), current_account()
    keys = [key for key in await request.app[STORE].api_keys.all() if account.sees(key.tenant)]
    if cursor.newer:
        keys.reverse()
    if cursor.item_id is not None:
        ids = [key.id for key in keys]
        if cursor.item_id not in ids:
            name = "before" if cursor.newer else "after"
            raise InvalidRequest(
                f"`{name}` must be the id of a key.", param=name, code="invalid_cursor"
            )
        keys = keys[ids.index(cursor.item_id) + 1 :]
    data = [key_object(key) for key in keys[: cursor.limit]]
    page = list_object(data, cursor, more=len(keys) > cursor.limit, last=None)
    return json_response(page, headers=NO_STORE)


async def read_key(request: web.Request) -> web.Response:
    """Answer one key. Raises NotFound, StoreUnavailable."""
    return json_response(key_object(await _find(request)), headers=NO_STORE)


async def revoke_key(request: web.Request) -> web.Response:
    """Revoke a key and answer it; within a second no replica lets it in.

    Runs that were accepted go on. Raises NotFound, StoreUnavailable.
    """
    store, key = request.app[STORE], await _find(request)
    # Also one that is revoked: a cell that was away then may not know it yet.
    await store.api_keys.revoke(key, await store.schedule.now_ms())
    return json_response(key_object(await _find(request)), headers=NO_STORE)


async def _find(request: web.Request) -> ApiKey:
    key = await request.app[STORE].api_keys.get(request.match_info["id"])
    if key is None or not current_account().sees(key.tenant):
        raise NotFound("There is no such API key.", code="api_key_not_found")
    return key
