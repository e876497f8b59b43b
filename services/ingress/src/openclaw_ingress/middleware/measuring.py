"""What the ingress counts of requests, streams and webhooks.

Routes are told by their templates and webhooks by their mapping, so that nobody outside can make
up labels.
"""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.metrics.instruments import (
    FIRST_TOKEN,
    HTTP_ACTIVE,
    HTTP_DURATION,
    RATE_LIMITED,
    READER_BUFFERED,
    READER_LAG,
    READER_RUNS,
    STREAMS,
    STREAMS_CUT,
    WEBHOOK_DURATION,
    WEBHOOK_ERROR,
    WEBHOOK_RECEIVED,
)
from openclaw_common.runtime.metrics.recorder import OTHER, Metrics, one
from openclaw_ingress.app_keys import READER
from openclaw_ingress.auth.hook_gate import admit_hook
from openclaw_ingress.hook_context import HOOKS
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.route import Handler, Route, route_of

UNKNOWN_ROUTE: Final = "unmatched"
BROKEN_OFF: Final = "0"
"""The status of an answer that never was, because the client went away."""
_METHODS: Final = hdrs.METH_ALL - {hdrs.METH_ANY}
_SAID_NO: Final = {400: "invalid", 401: "refused", 403: "refused", 404: "unknown", 409: "conflict"}
_LATER: Final = {429: "rate_limit", 503: "overloaded"}
_RECEIVED: Final[web.RequestKey[float]] = web.RequestKey("metered_since", float)
_SHOWN: Final[web.RequestKey[bool]] = web.RequestKey("first_token_seen", bool)


class RequestMeter:
    """The instruments of one replica; `measure` is the outermost middleware."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._now = clock.monotonic
        self._duration = metrics.histogram(HTTP_DURATION)
        self._first_token = metrics.histogram(FIRST_TOKEN)
        self._cut = metrics.counter(STREAMS_CUT)
        self._limited = metrics.counter(RATE_LIMITED)
        self._hooks = metrics.counter(WEBHOOK_RECEIVED)
        self._hook_errors = metrics.counter(WEBHOOK_ERROR)
        self._hook_duration = metrics.histogram(WEBHOOK_DURATION)
        self._active = 0

    def observe(self, app: web.Application) -> None:
        """Tell what `app` has open whenever somebody looks."""
        streams, reader = app[OPEN_STREAMS], app[READER]
        self._metrics.observe(HTTP_ACTIVE, one(lambda: self._active))
        self._metrics.observe(STREAMS, one(lambda: streams.open))
        self._metrics.observe(READER_RUNS, one(lambda: reader.following))
        self._metrics.observe(READER_BUFFERED, one(lambda: reader.backlog().buffered_bytes))
        self._metrics.observe(READER_LAG, one(lambda: reader.backlog().oldest_s))

    @web.middleware
    async def measure(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Time the request, streams included."""
        began = request[_RECEIVED] = self._now()
        self._active += 1
        status = 0
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self._active -= 1
            self._ended(request, status, self._now() - began)

    def _ended(self, request: web.Request, status: int, elapsed_s: float) -> None:
        row = route_of(request)
        route = UNKNOWN_ROUTE if row is None else row.path
        method = request.method if request.method in _METHODS else "_OTHER"
        self._duration.record(elapsed_s, method, route, str(status) if status else BROKEN_OFF)
        if status in _LATER:
            self._limited.add(1, "ingress", _LATER[status])
        if row is not None and row.gate is admit_hook:
            self._hook_ended(request, row, status, elapsed_s)

    def _hook_ended(
        self, request: web.Request, route: Route, status: int, elapsed_s: float
    ) -> None:
        name = request.match_info.get("name")
        if name is None:
            name = "agent" if "/agent" in route.path else "wake" if "/wake" in route.path else OTHER
        elif not request.app[HOOKS].mappings.knows(name.strip("/")):
            name = OTHER
        self._hooks.add(1, name, _outcome(status))
        self._hook_duration.record(elapsed_s, name)
        if not 200 <= status < 300:
            self._hook_errors.add(1, name)

    def text_shown(self, request: web.Request) -> None:
        """The first text of a streamed answer goes out; further calls change nothing."""
        # Who resumes a stream waits for nothing but this gateway.
        if request.method == hdrs.METH_POST and _SHOWN not in request:
            request[_SHOWN] = True
            row = route_of(request)
            path = UNKNOWN_ROUTE if row is None else row.path
            self._first_token.record(self._now() - request[_RECEIVED], path)

    def broken_off(self, reason: str) -> None:
        """A stream ended before its run, and not by its client's wish."""
        self._cut.add(1, reason)


def _outcome(status: int) -> str:
    if status == 204:
        return "ignored"
    if 200 <= status < 300:
        return "accepted"
    if status in _LATER:
        return "later"
    return _SAID_NO.get(status, "failed")


METER: Final[web.AppKey[RequestMeter]] = web.AppKey("meter", RequestMeter)
