"""Headers that every answer carries, event streams and errors included (contract §0.2)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from openclaw_common.runtime.clock import Clock
from openclaw_ingress.app_keys import RESPONSE_STARTED
from openclaw_ingress.middleware.request_id import request_id_of
from openclaw_ingress.route import Handler

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(self), geolocation=()",
}
_RECEIVED_S: Final[web.RequestKey[float]] = web.RequestKey("received_s", float)


class ResponseHeaders:
    """Sets them; `hsts` is the text of `Strict-Transport-Security`, or False for none."""

    def __init__(self, hsts: str | bool, clock: Clock) -> None:
        self._fixed = dict(_ALWAYS)
        if isinstance(hsts, str):
            self._fixed["Strict-Transport-Security"] = hsts
        self._clock = clock

    @web.middleware
    async def measure(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note when the request came, for `openai-processing-ms`."""
        request[_RECEIVED_S] = self._clock.monotonic()
        return await handler(request)

    async def on_response_prepare(
        self, request: web.BaseRequest, response: web.StreamResponse
    ) -> None:
        """aiohttp's signal: runs after its own defaults are set, before the head is written."""
        request[RESPONSE_STARTED] = True
        self.apply(response, request_id_of(request))
        received = request.get(_RECEIVED_S)
        if received is not None and response.content_type == "application/json":
            elapsed_ms = (self._clock.monotonic() - received) * 1000
            response.headers["openai-processing-ms"] = str(round(elapsed_ms))

    def apply(self, response: web.StreamResponse, request_id: str) -> None:
        """Set what does not depend on the request; for answers that never pass the signal."""
        response.headers.update(self._fixed)
        response.headers["X-Request-Id"] = request_id
        response.headers.pop("Server", None)
