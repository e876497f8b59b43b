"""`/v1/pairings`: who may write to the accounts of channels that ask strangers for a code."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT, DeliveryRequest, Destination
from openclaw_common.contracts.errors import ErrorBody, GatewayError, InvalidRequest, NotFound
from openclaw_common.inbound.words import APPROVED
from openclaw_common.queue.accounts import current_account
from openclaw_common.queue.job_queue import DeliveryQueue
from openclaw_ingress.app_keys import CONFIG, STORE
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.pairing import member, pairing_object

MAX_BODY_BYTES: Final = 65_536


class GatewayOnly(GatewayError):
    """People are let in by the gateway's operator, not by a tenant."""

    def __init__(self) -> None:
        message = (
            "Only the gateway's secret, or an admin key without tenant and allowed agents, lets"
            " people in."
        )
        super().__init__(ErrorBody(403, "forbidden", message, "operator_only"))


async def list_pairings(request: web.Request) -> web.Response:
    """Answer who waits and who was let in, with `channel` of one channel.

    Raises GatewayOnly, StoreUnavailable.
    """
    _check_caller()
    store, channel = request.app[STORE], request.query.get("channel")
    found = await store.pairings.all(await store.schedule.now_ms())
    data = [pairing_object(pairing) for pairing in found if channel in (None, pairing.channel)]
    return json_response({"object": "list", "data": data}, headers=NO_STORE)


async def approve_pairing(request: web.Request) -> web.Response:
    """Let in who was given a code, and tell them; `"notify": false` does not tell.

    Raises GatewayOnly, InvalidRequest, NotFound, StoreUnavailable.
    """
    _check_caller()
    body, store = await _body(request), request.app[STORE]
    channel, code = member(body, "channel"), member(body, "code")
    notify = body.get("notify", True)
    if not isinstance(notify, bool):
        raise InvalidRequest("`notify` must be true or false.", param="notify")
    pairing = await store.pairings.approve(channel, code.upper())
    if pairing is None:
        raise NotFound(
            f"Nobody on {channel} waits with that code, or it is too old: a code is valid for"
            f" {request.app[CONFIG].inbound.pairing_code_seconds} seconds.",
            code="pairing_not_found",
        )
    if notify:
        destination = Destination(pairing.channel, pairing.to, pairing.account_id)
        await DeliveryQueue(store).submit(DeliveryRequest(destination, APPROVED, source="notice"))
    return json_response(pairing_object(pairing), headers=NO_STORE)


async def revoke_pairing(request: web.Request) -> web.Response:
    """Let somebody in no more. Raises GatewayOnly, InvalidRequest, NotFound, StoreUnavailable."""
    _check_caller()
    body = await _body(request)
    channel, sender = member(body, "channel"), member(body, "sender")
    account_id = member(body, "account_id", DEFAULT_ACCOUNT)
    if not await request.app[STORE].pairings.revoke(channel, account_id, sender):
        raise NotFound(
            f"{sender} is not paired with {channel} ({account_id}).", code="pairing_not_found"
        )
    gone = {"object": "pairing.revoked", "channel": channel, "account_id": account_id}
    return json_response({**gone, "sender": sender}, headers=NO_STORE)


def _check_caller() -> None:
    account = current_account()
    if not account.sees_all or account.agents is not None:
        raise GatewayOnly


async def _body(request: web.Request) -> dict[str, Any]:
    config = request.app[CONFIG].ingress
    raw = await read_body(request, max_bytes=MAX_BODY_BYTES, timeout_s=config.body_timeout_seconds)
    return parse_object(raw, max_depth=config.json_max_depth)
