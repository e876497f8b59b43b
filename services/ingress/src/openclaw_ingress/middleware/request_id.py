"""The name of a request: in its answer's headers, in error bodies and in the logs."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from openclaw_common.contracts.ids import new_request_id
from openclaw_ingress.app_keys import REQUEST_ID
from openclaw_ingress.route import Handler

_ACCEPTED: Final = re.compile(r"[!-~]{1,128}\Z")
"""Visible ASCII: nothing that could break a header, a log line or a terminal."""


@web.middleware
async def assign_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request before anything else happens to it."""
    request_id_of(request)
    return await handler(request)


def request_id_of(request: web.BaseRequest) -> str:
    """Return the request's id: the client's own `x-request-id` when it is a sane one, else ours."""
    if REQUEST_ID in request:
        return request[REQUEST_ID]
    given = request.headers.get("x-request-id", "")
    request[REQUEST_ID] = given if _ACCEPTED.match(given) else new_request_id()
    return request[REQUEST_ID]
