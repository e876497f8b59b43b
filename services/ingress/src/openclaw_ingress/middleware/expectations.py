"""`Expect: 100-continue` (RFC 9110 §10.1.1), met only for those who were let in.

aiohttp would ask for the body before anybody looked at the credential.
"""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from openclaw_ingress.route import Handler

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


async def hold_expectation(request: web.Request) -> None:
    """aiohttp's `expect_handler`, run before the middlewares: refuse any other expectation."""
    if request.headers.get(hdrs.EXPECT, "").lower() != "100-continue":
        raise web.HTTPExpectationFailed


@web.middleware
async def ask_for_the_body(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send `100 Continue` where it was asked for; the last step before the handler."""
    waits = hdrs.EXPECT in request.headers and request.match_info.http_exception is None
    if waits and request.transport is not None:
        request.transport.write(_CONTINUE)
    return await handler(request)
