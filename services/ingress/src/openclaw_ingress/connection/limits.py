"""What one connection may take, and what the guard asks of the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from aiohttp import web

from openclaw_common.runtime.config import Ingress
from openclaw_ingress.connection.census import ConnectionCensus


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Times in seconds, sizes in bytes."""

    head_timeout_s: float
    """From connecting, or from the first byte of a later request, to the end of its head."""
    body_timeout_s: float
    """From the end of the head to the end of the body."""
    body_grace_s: float
    """How long a body may take before its rate counts."""
    min_body_bytes_per_s: float
    write_timeout_s: float
    """How long a reader may leave a full write buffer, or the rest of a closed connection."""
    write_progress_bytes: int
    """What a reader must have taken of it in that time to be given the same time again."""
    write_buffer_bytes: int
    """Bytes that may wait behind the socket's own buffer before writers wait."""
    keep_alive_s: float
    """How long a connection may stay open with nothing asked."""

    @classmethod
    def of(cls, config: Ingress) -> Self:
        """Return the limits in `config`."""
        return cls(
            head_timeout_s=config.header_timeout_seconds,
            body_timeout_s=config.body_timeout_seconds,
            body_grace_s=config.body_timeout_seconds / 6,
            min_body_bytes_per_s=config.min_body_bytes_per_second,
            write_timeout_s=config.write_timeout_seconds,
            write_progress_bytes=config.write_buffer_bytes // 4,
            write_buffer_bytes=config.write_buffer_bytes,
            keep_alive_s=config.keep_alive_seconds,
        )


class Answers(Protocol):
    """Answers for what never reaches a handler."""

    def answer(self, error: BaseException, request: web.BaseRequest) -> web.Response:
        """Return the whole response for `error`, all headers set."""
        ...

    def refusal(self) -> bytes:
        """Return the raw response to a connection that is one too many."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """What all connections of one server share."""

    limits: ConnectionLimits
    census: ConnectionCensus
    answers: Answers
