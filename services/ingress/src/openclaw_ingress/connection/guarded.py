"""aiohttp's connection with the limits it lacks (reliability.md §4.4, measured on aiohttp 3.14).

Without them a partial head, a partial body or a silent connection stays open for as long as its
client likes, and a reader that does not read lets the server fill its buffers.

    connected ─ head_timeout ─▶ head ─ body_timeout, minimum rate ─▶ body ─▶ answer ─▶ keep_alive
    any write blocked for write_timeout ─▶ aborted
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import StreamReader

from openclaw_ingress.connection.deadline import Deadline
from openclaw_ingress.connection.limits import Guard
from openclaw_ingress.errors import BodyTimeout, HeadTooLarge

_logger: Final = logging.getLogger(__name__)

REFUSAL_LINGER_S: Final = 1.0
"""How long a refused client may take to read why, in seconds."""
BODY_CHECKS: Final = 8
"""How often the rate of a body is looked at within its time limit, at least."""


class GuardedConnection(web.RequestHandler):
    """One connection. Overrides aiohttp's protocol callbacks; the parsing and serving are its."""

    __slots__ = (
        "_admitted",
        "_body",
        "_body_began",
        "_client",
        "_guard",
        "_head_begun",
        "_reading",
        "_serving",
        "_unsent",
        "_wire",
        "_writing",
    )

    def __init__(
        self,
        manager: web.Server,
        *,
        guard: Guard,
        loop: asyncio.AbstractEventLoop,
        **options: Any,
    ) -> None:
        super().__init__(manager, loop=loop, keepalive_timeout=guard.limits.keep_alive_s, **options)
        self._guard = guard
        self._wire: asyncio.Transport | None = None
        self._client = ""
        self._admitted = False
        self._serving = False
        self._head_begun = False
        self._body: StreamReader | None = None
        self._body_began = 0.0
        self._unsent = 0
        self._reading = Deadline(loop, self._reading_expired)
        self._writing = Deadline(loop, self._writing_expired)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = self._wire = cast(asyncio.Transport, transport)
        wire.set_write_buffer_limits(high=self._guard.limits.write_buffer_bytes)
        peer = wire.get_extra_info("peername")
        self._client = str(peer[0]) if peer else ""
        if not self._guard.census.admit(self._client):
            self._refuse(wire)
            return
        self._admitted = True
        super().connection_made(transport)
        self._reading.start(self._guard.limits.head_timeout_s)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._wire = None
        self._reading.close()
        self._writing.close()
        if self._admitted:
            self._admitted = False
            self._guard.census.leave(self._client)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        seen = self._request_count
        super().data_received(data)
        if self._request_count != seen:
            self._head_arrived()
        elif self._body is not None:
            if self._body.is_eof():
                self._body = None
                self._reading.clear()
        elif data:
            self._head_begun = True
            if not self._serving and not self._reading.running:
                self._reading.start(self._guard.limits.head_timeout_s)

    def _head_arrived(self) -> None:
        self._head_begun = False
        # The task that takes messages runs later, so the newest is still here; pipelined ones
        # before it have their bodies already.
        _, payload = self._messages[-1]
        if payload.is_eof():
            self._body = None
            self._reading.clear()
        else:
            self._body = payload
            self._body_began = self._loop.time()
            self._reading.start(self._body_check_s())

    async def _handle_request(
        self,
        request: web.BaseRequest,
        start_time: float | None,
        request_handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    ) -> tuple[web.StreamResponse, bool]:
        self._serving = True
        self._guard.census.begin_request()
        try:
            return await super()._handle_request(
                request, start_time, self._answering(request_handler)
            )
        finally:
            self._guard.census.end_request()
            self._serving = False
            if self._head_begun and not self._messages and not self._reading.running:
                self._reading.start(self._guard.limits.head_timeout_s)

    def _answering(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await handler(request)
            except web.HTTPException as error:
                # Raised before the middlewares: an Expect that nobody can meet.
                return self._guard.answers.answer(error, request)

        return handle

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a malformed request, or what the middlewares could not; then close."""
        if isinstance(exc, ConnectionError) or request.writer.output_size > 0:
            raise ConnectionError("nothing more can be sent on this connection") from exc
        if status == 400:
            _logger.debug("request.malformed", extra={"client": self._client})
            too_large = isinstance(exc, LineTooLong)
            error: BaseException = HeadTooLarge() if too_large else web.HTTPBadRequest()
        else:
            _logger.error("request.failed", extra={"client": self._client}, exc_info=exc)
            error = exc or web.HTTPInternalServerError()
        response = self._guard.answers.answer(error, request)
        response.force_close()
        return response

    def _refuse(self, wire: asyncio.Transport) -> None:
        _logger.debug("connection.refused", extra={"client": self._client})
        self._force_close = True
        wire.write(self._guard.answers.refusal())
        if wire.can_write_eof():
            # Closing with unread bytes would reset the connection before the client reads this.
            wire.write_eof()
        self._writing.start(REFUSAL_LINGER_S)

    def _body_check_s(self) -> float:
        limits = self._guard.limits
        left = self._body_began + limits.body_timeout_s - self._loop.time()
        return max(0.0, min(limits.body_timeout_s / BODY_CHECKS, left))

    def _reading_expired(self) -> None:
        if self._body is not None:
            self._check_body(self._body)
        elif not self._serving and not self._messages:
            # Part of a head behind a request under way counts from that one's end instead.
            self._cut("head_timeout")

    def _check_body(self, body: StreamReader) -> None:
        if self._too_slow(body):
            self._end_body(body)
        else:
            self._reading.start(self._body_check_s())

    def _too_slow(self, body: StreamReader) -> bool:
        if self._reading_paused:
            # The handler lets it wait, not the client; the handler has its own time limit.
            self._body_began = self._loop.time()
            return False
        limits = self._guard.limits
        elapsed = self._loop.time() - self._body_began
        if elapsed >= limits.body_timeout_s:
            return True
        expected = limits.min_body_bytes_per_s * elapsed
        return elapsed >= limits.body_grace_s and body.total_bytes < expected

    def _end_body(self, body: StreamReader) -> None:
        if not self._serving:
            self._cut("body_timeout")
            return
        _logger.debug("connection.cut", extra={"client": self._client, "reason": "body_timeout"})
        # The handler that reads it answers 408; nothing waits for the rest afterwards.
        self._lingering_time = 0.0
        body.set_exception(BodyTimeout())

    def _cut(self, reason: str) -> None:
        _logger.debug("connection.cut", extra={"client": self._client, "reason": reason})
        self.force_close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._writing.clear()
        self._flush_in_time()

    def force_close(self) -> None:
        super().force_close()
        self._flush_in_time()

    async def start(self) -> None:
        try:
            await super().start()
        finally:
            self._flush_in_time()

    def _flush_in_time(self) -> None:
        # A closed transport waits for ever for a client that does not take its last bytes.
        if self._wire is None or not self._wire.is_closing() or self._writing.running:
            return
        if self._wire.get_write_buffer_size() > 0:
            self._watch_writing()

    def _watch_writing(self) -> None:
        if self._wire is not None:
            self._unsent = self._wire.get_write_buffer_size()
            self._writing.start(self._guard.limits.write_timeout_s)

    def _writing_expired(self) -> None:
        if self._wire is None:
            return
        taken = self._unsent - self._wire.get_write_buffer_size()
        if taken >= self._guard.limits.write_progress_bytes:
            # One large answer: its reader is slow, but reads.
            self._watch_writing()
            return
        _logger.info("connection.cut", extra={"client": self._client, "reason": "write_timeout"})
        self._wire.abort()
