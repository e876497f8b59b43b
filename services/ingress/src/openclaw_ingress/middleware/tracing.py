"""The server span of each request, and whose trace it is part of (docs/tracing.md).

A `traceparent` is joined where its sender is trusted, which for keys is known only once the request
has been let in; any other becomes a link. `baggage` is never read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from aiohttp import web

from openclaw_common.runtime import tracing
from openclaw_common.runtime.config.tracing import Trust
from openclaw_common.runtime.propagation import TRACEPARENT, TRACESTATE, TraceContext
from openclaw_common.runtime.tracing import Kind, Shared, Span, Tracer
from openclaw_ingress.app_keys import CALLER
from openclaw_ingress.middleware.request_id import request_id_of
from openclaw_ingress.route import Handler, Route, route_of

TRACE_ID: Final = "X-Trace-Id"
TRACERESPONSE: Final = "traceresponse"
"""https://w3c.github.io/trace-context/#trace-context-http-response-headers-format"""
EVENT_STREAM: Final = "text/event-stream"

_SPAN: Final[web.RequestKey[Span]] = web.RequestKey("span", Span)
_GIVEN: Final[web.RequestKey[TraceContext]] = web.RequestKey("given_trace", TraceContext)
_SLASHES: Final = re.compile(r"\{\w+:/\*\}")
_PATTERN: Final = re.compile(r"\{(\w+):[^{}]*\}")


class RequestTraces:
    """Traces requests to all routes but `quiet` ones; none without a tracer."""

    def __init__(self, tracer: Tracer | None, trust: Trust, quiet: Iterable[Route] = ()) -> None:
        self._tracer = tracer
        self._trust = trust
        self._quiet = frozenset(route.path for route in quiet)

    @web.middleware
    async def trace(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Be in a server span; the outermost step, so that it has whatever the request took."""
        route = route_of(request)
        if self._tracer is None or route is None or route.path in self._quiet:
            return await handler(request)
        span = request[_SPAN] = self._start(self._tracer, request, route)
        with tracing.within(span):
            try:
                response = await handler(request)
            except (ConnectionResetError, asyncio.CancelledError):
                if request.transport is None or request.transport.is_closing():
                    # Whoever asked has gone, which is no error of this request.
                    span.put({"openclaw.client_left": True})
                    span.end()
                raise
            span.put({"http.response.status_code": response.status})
            if response.status >= 500:
                span.fail(str(response.status))
            return response

    @web.middleware
    async def join(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Make the request part of its sender's trace; behind authentication."""
        given = request.get(_GIVEN)
        if given is not None and CALLER in request:
            span = request[_SPAN]
            span.links = ()
            span.join(given)
        return await handler(request)

    async def on_response_prepare(
        self, request: web.BaseRequest, response: web.StreamResponse
    ) -> None:
        """aiohttp's signal: tell the trace, and when a stream began."""
        span = request.get(_SPAN)
        if span is None:
            return
        headers = response.headers
        headers[TRACE_ID] = span.trace_id
        headers[TRACERESPONSE] = span.trace.traceparent
        if headers.get("Content-Type", "").startswith(EVENT_STREAM):
            span.add_event("response.started")
            # Of a stream that its client leaves, no more is heard than this.
            span.put({"http.response.status_code": response.status})

    def _start(self, tracer: Tracer, request: web.Request, route: Route) -> Span:
        given = _given(request) if TRACEPARENT in request.headers else None
        trusted = self._trust == "always"
        if given is not None and self._trust == "keys":
            request[_GIVEN] = given
        name, shared = _alike(request.method, route.path, request.scheme)
        return tracer.start(
            name,
            Kind.SERVER,
            {"openclaw.request_id": request_id_of(request)},
            shared=shared,
            parent=given if trusted else None,
            links=[given] if given is not None and not trusted else (),
        )


@lru_cache(maxsize=1024)
def _alike(method: str, pattern: str, scheme: str) -> tuple[str, Shared]:
    """Return what all requests to a route have alike: the name of their spans, and attributes."""
    path = _path(pattern)
    values = {"http.request.method": method, "http.route": path, "url.scheme": scheme}
    return f"{method} {path}", Shared(values)


def _path(pattern: str) -> str:
    """Return the route without aiohttp's expressions; never what a client put into it."""
    return _PATTERN.sub(r"{\1}", _SLASHES.sub("", pattern))


def _given(request: web.Request) -> TraceContext | None:
    """Return what the request carries.

    Two traceparents are none, as either may be the forged one; tracestates are one list (RFC 9110
    §5.3).
    """
    parents = request.headers.getall(TRACEPARENT)
    states = request.headers.getall(TRACESTATE, ())
    return TraceContext.parse(parents[0], ",".join(states)) if len(parents) == 1 else None
