"""Answers to what never reaches the application: malformed requests, connections too many."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.contracts.ids import new_request_id
from openclaw_ingress.errors import TooManyConnections, error_response
from openclaw_ingress.middleware.request_id import request_id_of
from openclaw_ingress.middleware.response_headers import ResponseHeaders


class _EarlyResponse(web.Response):
    """Runs no `on_response_prepare`, as its request matched nothing; still names no server."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Server", None)


class EarlyAnswers:
    """The same bodies and headers as everywhere; `compat` is `gateway.http.compat`."""

    def __init__(self, headers: ResponseHeaders, *, compat: str) -> None:
        self._headers = headers
        self._compat = compat

    def answer(self, error: BaseException, request: web.BaseRequest) -> web.Response:
        """Return the response for `error`."""
        request_id = request_id_of(request)
        response = error_response(error, request_id, compat=self._compat)
        self._headers.apply(response, request_id)
        return _EarlyResponse(body=response.body, status=response.status, headers=response.headers)

    def refusal(self) -> bytes:
        """Return the raw HTTP/1.1 response that refuses a connection before its request."""
        request_id = new_request_id()
        response = error_response(TooManyConnections(), request_id)
        self._headers.apply(response, request_id)
        body = response.body
        assert isinstance(body, bytes)
        response.headers["Content-Length"] = str(len(body))
        response.headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {response.status} {response.reason}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body
