"""The one place where an exception becomes a response.

Handlers and middlewares raise; `error_response` answers. Bodies are the seed's
`{"error":{"message","type"}}` on every path (contract §2 rows 1 to 5), with `request_id` beside
them (run-api.md §4.8). What is no error of ours becomes the seed's 500: nothing of it leaks.
"""

from __future__ import annotations

import math
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import (
    API_ERROR,
    INVALID_REQUEST,
    NOT_FOUND,
    RATE_LIMITED,
    ErrorBody,
    GatewayError,
)
from openclaw_ingress.responses import NO_STORE, json_response

INTERNAL_ERROR: Final = ErrorBody(500, API_ERROR, "Internal error")

_HTTP_ERRORS: Final[dict[int, ErrorBody]] = {
    400: ErrorBody(400, INVALID_REQUEST, "Bad Request"),
    404: ErrorBody(404, NOT_FOUND, "Not Found"),
    405: ErrorBody(405, INVALID_REQUEST, "Method Not Allowed"),
    408: ErrorBody(408, INVALID_REQUEST, "Request body timeout"),
    413: ErrorBody(413, INVALID_REQUEST, "Payload too large"),
    417: ErrorBody(417, INVALID_REQUEST, "Expectation Failed"),
}
_BODY_LEFT_UNREAD: Final = frozenset({408, 413})


class TooManyFailures(GatewayError):
    """Too many failed authentication attempts. Please try again later."""

    def __init__(self, *, retry_after_s: float) -> None:
        message = "Too many failed authentication attempts. Please try again later."
        super().__init__(ErrorBody(429, RATE_LIMITED, message), retry_after_s=retry_after_s)


class ProxyAttributionRequired(GatewayError):
    """Forwarded headers came from an address that is no trusted proxy."""

    def __init__(self) -> None:
        message = (
            "Proxy client attribution is required. Configure gateway.trustedProxies narrowly and "
            "make the proxy overwrite or safely rebuild forwarded client headers."
        )
        super().__init__(ErrorBody(403, "proxy_attribution_required", message))


class MissingScope(GatewayError):
    """The caller lacks an operator scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(ErrorBody(403, "forbidden", f"missing scope: {scope}"))
        self.scope = scope


class GatewayUnavailable(GatewayError):
    """The process drains: another replica, or this one after its restart, will answer."""

    def __init__(self) -> None:
        message = "Gateway is temporarily unavailable while suspending or restarting"
        body = ErrorBody(503, "service_unavailable", message, "gateway_unavailable")
        super().__init__(body, retry_after_s=1)


class TooManyConnections(GatewayError):
    """This process, or this client, has as many connections open as it may have."""

    def __init__(self) -> None:
        message = "Too many open connections; close some or retry later."
        super().__init__(ErrorBody(503, API_ERROR, message, "overloaded"), retry_after_s=1)


class HeadTooLarge(GatewayError):
    """The request line or a header is longer than this server takes."""

    def __init__(self) -> None:
        message = "The request line or a header is too long; shorten it."
        super().__init__(ErrorBody(431, INVALID_REQUEST, message))


class BodyTimeout(GatewayError):
    """The request's body did not arrive in time, or arrived too slowly."""

    def __init__(self) -> None:
        super().__init__(_HTTP_ERRORS[408])


def error_response(
    error: BaseException, request_id: str, *, compat: str = "seed", says_ok: bool = False
) -> web.Response:
    """Return the response for `error`, never to be cached; anything unknown is a 500.

    `compat` is `gateway.http.compat`: `current` makes a 401 `unauthorized` (contract §2 row 1).
    `says_ok` puts `"ok":false` beside the error, which under `current` is its text (row 4).
    """
    body = error_body(error)
    wire: dict[str, Any] = {**body.to_wire(), "request_id": request_id}
    payload: dict[str, Any] = {"error": wire}
    if body.status == 401 and compat == "current":
        wire["type"] = "unauthorized"
    if isinstance(error, MissingScope):
        payload["ok"] = False
        wire["details"] = {"missingScope": error.scope}
    if says_ok:
        payload = {"ok": False, "error": body.message if compat == "current" else wire}
    response = json_response(payload, status=body.status, headers=NO_STORE)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    if isinstance(error, GatewayError) and error.retry_after_s is not None:
        _set_retry_after(response, error.retry_after_s)
    if body.status == 409:
        # OpenAI's clients repeat a 409 unless they are told that it is meant.
        response.headers["x-should-retry"] = "false"
    if body.status in _BODY_LEFT_UNREAD:
        response.force_close()
    return response


def error_body(error: BaseException) -> ErrorBody:
    """Return what a client may know of `error`."""
    if isinstance(error, GatewayError):
        return error.body
    if isinstance(error, web.HTTPException) and error.status < 500:
        fallback = ErrorBody(error.status, INVALID_REQUEST, error.reason)
        return _HTTP_ERRORS.get(error.status, fallback)
    return INTERNAL_ERROR


def _set_retry_after(response: web.Response, seconds: float) -> None:
    response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    response.headers["Retry-After-Ms"] = str(max(1, math.ceil(seconds * 1000)))
