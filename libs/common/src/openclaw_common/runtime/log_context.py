"""What every log line of a task says beside its own words: the ids of what is being worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Final

from opentelemetry import trace

from openclaw_common.runtime import tracing

LogValue = str | int

_context: Final[ContextVar[Mapping[str, LogValue] | None]] = ContextVar("log_context", default=None)


@contextmanager
def log_context(**ids: LogValue) -> Iterator[None]:
    """Put `ids` on every line that is logged inside, by tasks that are started there too."""
    token = _context.set({**(_context.get() or {}), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def task_apart(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task that serves all, on whose lines no ids of whoever was first to need it stand."""
    return asyncio.create_task(work, name=name, context=Context())


def logged_ids() -> dict[str, LogValue]:
    """Return the ids of the current task, its trace's included."""
    ids = dict(_context.get() or {})
    if (own := tracing.current()) is not None:
        ids["trace_id"], ids["span_id"] = own.trace_id, own.trace.span_id.hex()
        return ids
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        ids["trace_id"] = f"{span.trace_id:032x}"
        ids["span_id"] = f"{span.span_id:016x}"
    return ids
