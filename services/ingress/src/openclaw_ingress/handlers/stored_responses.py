"""`/v1/responses/{id}`: reading, resuming, cancelling and deleting a response that was stored.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import response_id, response_item_id
from openclaw_common.store.runs import CancelOutcome
from openclaw_ingress.app_keys import READER, STORE
from openclaw_ingress.follow import wait_for_end
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.responses_lookup import FoundResponse, find_response
from openclaw_ingress.run_answers import record_headers, stream_joined
from openclaw_ingress.run_lookup import resume_point

CANCEL_WAIT_S: Final = 5.0
"""How long an answer to a cancellation waits for the worker to have ended the run, in seconds."""
PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
ORDERS: Final = ("asc", "desc")
_LIMIT: Final = re.compile(r"[0-9]{1,3}\Z")
_TRUE: Final = frozenset({"true", "1"})
_ID_KINDS: Final = {"message": "msg", "function_call": "call", "function_call_output": "fco"}


async def read_response(request: web.Request) -> web.StreamResponse:
    """Answer a response as it stands; `?stream=true` its events, behind `starting_after`.

    Raises NotFound, InvalidRequest, StreamExpired, TooManyStreams, StoreUnavailable.
    """
    streamed = request.query.get("stream", "").lower() in _TRUE
    after = resume_point(request)
    found = await _found(request)
    headers = record_headers(found.record)
    if not streamed:
        return json_response(found.body(), headers={**headers, **NO_STORE})
    with request.app[OPEN_STREAMS].slot():
        return await stream_joined(request, found.record, found.view(after), headers)


async def cancel_response(request: web.Request) -> web.StreamResponse:
    """End a response and answer it; one that has ended is answered as it is.

    Raises NotFound, StoreUnavailable.
    """
    app, found = request.app, await _found(request)
    record = found.record
    if await app[STORE].runs.cancel(record.id) is CancelOutcome.CANCELLING:
        # A worker that does not answer is told of by the status.
        with suppress(TimeoutError):
            async with app[OPEN_STREAMS].until_closing(CANCEL_WAIT_S):
                await wait_for_end(app[STORE], app[READER], record.id, after=record.last_sequence)
    found = await _found(request)
    return json_response(found.body(), headers=record_headers(found.record))


async def delete_response(request: web.Request) -> web.StreamResponse:
    """Forget a response, and cancel it if it has not ended. Raises NotFound, StoreUnavailable.

    Its run stays readable as a run, and its session as it is.
    """
    found = await _found(request)
    store, run_id = request.app[STORE], found.record.id
    if not found.record.status.terminal:
        await store.runs.cancel(run_id)
    await store.responses.forget(run_id)
    return json_response({"id": response_id(run_id), "object": "response", "deleted": True})


async def list_input_items(request: web.Request) -> web.StreamResponse:
    """Answer a page of what the request's `input` was, the last item first.

    `order`, `limit` and `after` are OpenAI's. Data of images and files is left out. Raises
    NotFound, InvalidRequest, StoreUnavailable.
    """
    limit, order = _limit(request), _order(request)
    found = await _found(request)
    run_id = found.record.id
    items = [
        {"id": response_item_id(run_id, _ID_KINDS[item["type"]], f"input:{index}"), **item}
        for index, item in enumerate(await request.app[STORE].responses.items(run_id))
    ]
    if order == "desc":
        items.reverse()
    items = _behind(items, request.query.get("after", ""))
    page = items[:limit]
    return json_response(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(items) > limit,
        },
        headers=NO_STORE,
    )


async def _found(request: web.Request) -> FoundResponse:
    return await find_response(request, request.match_info["id"])


def _behind(items: list[dict[str, Any]], after: str) -> list[dict[str, Any]]:
    if not after:
        return items
    for index, item in enumerate(items):
        if item["id"] == after:
            return items[index + 1 :]
    raise InvalidRequest("`after` must be the id of an input item of this response.", param="after")


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", str(PAGE_DEFAULT))
    if not _LIMIT.match(given) or not 1 <= int(given) <= PAGE_MAX:
        raise InvalidRequest(f"`limit` must be between 1 and {PAGE_MAX}.", param="limit")
    return int(given)


def _order(request: web.Request) -> str:
    order = request.query.get("order", "desc")
    if order not in ORDERS:
        raise InvalidRequest("`order` must be `asc` or `desc`.", param="order")
    return order
