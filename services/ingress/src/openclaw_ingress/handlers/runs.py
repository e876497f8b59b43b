"""`GET /v1/runs/{id}`: one run, now or when it has ended (run-api.md §4.2)."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import Final

import orjson
from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CONFIG, READER, STORE
from openclaw_ingress.follow import wait_for_end
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.run_objects import run_objects

_SECONDS: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?\Z")


async def read_run(request: web.Request) -> web.Response:
    """Answer a run; `?wait=` lets it end first, for at most so many seconds.

    `If-None-Match` with the answer's ETag gives 304 while nothing has changed. Raises NotFound,
    InvalidRequest, StoreUnavailable.
    """
    app = request.app
    wait_s = _wait_seconds(request, app[CONFIG].ingress.wait_max_seconds)
    record = await find_run(app, request.match_info["id"])
    if wait_s > 0 and not record.status.terminal:
        await _wait(app, record, wait_s)
        record = await find_run(app, record.id)
    (run,) = await run_objects(app, [record])
    body = orjson.dumps(run)
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache", "x-run-id": record.id}
    if any(known.value in (tag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=body, headers=headers, content_type="application/json", charset="utf-8"
    )


async def _wait(app: web.Application, record: RunRecord, wait_s: float) -> None:
    # When the time is over, or this process closes, the run is answered as it stands.
    with suppress(TimeoutError):
        async with app[OPEN_STREAMS].until_closing(wait_s):
            await wait_for_end(app[STORE], app[READER], record.id, after=record.last_sequence)


def _wait_seconds(request: web.Request, longest_s: float) -> float:
    given = request.query.get("wait", "0")
    if not _SECONDS.match(given) or float(given) > longest_s:
        raise InvalidRequest(f"`wait` must be between 0 and {longest_s:g} seconds.", param="wait")
    return float(given)
