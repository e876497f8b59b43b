"""The span that a task is in, and those below it.

Tracer.start(…) ─▶ a server or consumer span, current `within(span)`
    child(…), inside(…) ─▶ spans below whatever is current; nothing where nothing is
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from openclaw_common.runtime.propagation import TraceContext
from openclaw_common.runtime.tracing_encoding import NONE_SHARED, Shared, Value
from openclaw_common.runtime.tracing_spans import Kind, Recorder, Span, error_type
from openclaw_common.runtime.tracing_tracer import Tracer

__all__ = [
    "Kind",
    "Recorder",
    "Shared",
    "Span",
    "Tracer",
    "beginning_traces",
    "child",
    "child_or_root",
    "content_of",
    "current",
    "current_trace_id",
    "error_type",
    "handed_on",
    "inside",
    "through",
    "within",
]

_BEGINS: Final[ContextVar[Tracer | None]] = ContextVar("begins_traces", default=None)
# OpenTelemetry's API shows it too (`tracing_context`): a short run asks for its span a dozen times,
# and to find it there takes ten times as long.
_CURRENT: Final[ContextVar[Span | None]] = ContextVar("current_span", default=None)


def current() -> Span | None:
    """Return the span of ours that the running task is in, None where nothing is traced."""
    return _CURRENT.get()


def child(
    name: str,
    kind: Kind = Kind.INTERNAL,
    attributes: Mapping[str, Value] | None = None,
    shared: Shared = NONE_SHARED,
) -> Span | None:
    """Start a span below the current one; whoever starts it ends it."""
    above = current()
    return above.child(name, kind, attributes, shared) if above is not None else None


def child_or_root(
    name: str, kind: Kind, attributes: Mapping[str, Value], shared: Shared = NONE_SHARED
) -> Span | None:
    """Start a span below the current one, or of a new trace where this task may begin traces."""
    above = current()
    if above is not None:
        return above.child(name, kind, attributes, shared)
    tracer = _BEGINS.get()
    return tracer.start(name, kind, attributes, shared=shared) if tracer is not None else None


@contextmanager
def beginning_traces(tracer: Tracer | None) -> Iterator[None]:
    """Let what is undertaken inside, tasks included, begin traces of its own accord."""
    token = _BEGINS.set(tracer)
    try:
        yield
    finally:
        _BEGINS.reset(token)


class through:
    """Make a span the current one, and leave it open. A class, as it is entered for every span."""

    __slots__ = ("_above", "_span")

    def __init__(self, span: Span | None) -> None:
        self._span = span

    def __enter__(self) -> Span | None:
        if self._span is not None:
            self._above = _CURRENT.get()
            _CURRENT.set(self._span)
        return self._span

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if self._span is not None:
            _CURRENT.set(self._above)


class within(through):
    """Make a span the current one, and end it; what is raised makes it an error."""

    __slots__ = ()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if self._span is not None:
            _CURRENT.set(self._above)
            if isinstance(error, Exception):
                self._span.fail(error_type(error))
            self._span.end()


def inside(
    name: str,
    kind: Kind = Kind.INTERNAL,
    attributes: Mapping[str, Value] | None = None,
    shared: Shared = NONE_SHARED,
) -> within:
    """Start a span below the current one, and be in it."""
    return within(child(name, kind, attributes, shared))


def handed_on() -> TraceContext | None:
    """Return the current span as another process is told of it."""
    span = current()
    if span is None:
        return None
    if span.trace.sampled:
        span.tracer.recorder.leaving(span)
    return span.trace


def current_trace_id() -> str | None:
    """Return the 32 hex digits of the current trace, None where nothing is traced."""
    span = current()
    return span.trace_id if span is not None else None


def content_of(span: Span | None) -> Tracer | None:
    """Return the tracer of a span that may hold what was said, else None."""
    return span.tracer if span is not None and span.tracer.content else None
