"""Turns what a handler raises into its response, by `errors.py`."""

from __future__ import annotations

import logging
from typing import Final

from aiohttp import web

from openclaw_common.contracts.errors import GatewayError
from openclaw_ingress.app_keys import CONFIG, RESPONSE_STARTED
from openclaw_ingress.errors import error_response
from openclaw_ingress.middleware.request_id import request_id_of
from openclaw_ingress.route import Handler, route_of

_logger: Final = logging.getLogger(__name__)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as JSON; once a response has begun, the only honest answer is to break off."""
    try:
        return await handler(request)
    except (GatewayError, web.HTTPException) as error:
        failure: Exception = error
    except ConnectionError as error:
        if request.transport is None or request.transport.is_closing():
            raise
        failure = error
        _log_unexpected(request)
    except Exception as error:
        # The top of each request: what nobody foresaw is a line in the log and a 500.
        failure = error
        _log_unexpected(request)
    if request.get(RESPONSE_STARTED):
        _logger.warning("response.broken_off", extra={"request_id": request_id_of(request)})
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError("the response had begun") from failure
    route = route_of(request)
    return error_response(
        failure,
        request_id_of(request),
        compat=request.app[CONFIG].gateway.http.compat,
        says_ok=route is not None and route.says_ok,
    )


def _log_unexpected(request: web.Request) -> None:
    _logger.exception(
        "request.failed",
        extra={
            "request_id": request_id_of(request),
            "method": request.method,
            "path": request.rel_url.raw_path,
        },
    )
