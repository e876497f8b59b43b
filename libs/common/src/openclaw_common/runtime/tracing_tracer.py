"""Who starts traces, and encodes their spans without what may not leave in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from openclaw_common.runtime import tracing_encoding as encoding
from openclaw_common.runtime.propagation import TraceContext, new_span_id, new_trace_id
from openclaw_common.runtime.tracing_encoding import NONE_SHARED, Shared, Value
from openclaw_common.runtime.tracing_fit import Fit
from openclaw_common.runtime.tracing_sampling import Sampler, always
from openclaw_common.runtime.tracing_spans import Kind, Recorder, Segment, Span

MAX_NAME_CHARS: Final = 256
"""Characters of a span's name that had to be cut; tools have names that a model has chosen."""


class Tracer:
    """Starts spans that have no parent in this process.

    `content` says whether what people and models said may stand in attributes, cut to `max_chars`;
    `secrets` are cut out wherever they stand. A segment has at most `max_spans`.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        sampler: Sampler = always,
        content: bool = False,
        secrets: Sequence[str] = (),
        max_spans: int = 1000,
        max_chars: int = 8192,
    ) -> None:
        self.recorder = recorder
        self.content = content
        self.max_chars = max_chars
        self._sampler = sampler
        self._fit = Fit(secrets)
        self._max_spans = max_spans

    def start(
        self,
        name: str,
        kind: Kind,
        attributes: Mapping[str, Value] | None = None,
        *,
        shared: Shared = NONE_SHARED,
        parent: TraceContext | None = None,
        links: Sequence[TraceContext] = (),
        runs: Sequence[str] = (),
        span_id: bytes | None = None,
    ) -> Span:
        """Start a span below one of another process, or a new trace.

        Spans are shown with `runs`; without any, with those that are accepted below it.
        """
        trace_id = parent.trace_id if parent else new_trace_id()
        sampled = self.samples(trace_id, parent)
        context = TraceContext(
            trace_id, span_id or new_span_id(), sampled, parent.state if parent else ""
        )
        segment = Segment(self._max_spans, list(runs), grows=not runs)
        parent_id = parent.span_id if parent else b""
        values = dict(attributes) if attributes else {}
        span = Span(self, segment, name, kind, context, None, parent_id, values, shared, links)
        if sampled:
            self.recorder.begun(span)
        return span

    def samples(self, trace_id: bytes, parent: TraceContext | None) -> bool:
        """Whether a trace is recorded that was begun here, or by `parent`."""
        return self._sampler(trace_id, parent.sampled if parent else None)

    def encoded(self, span: Span) -> bytes:
        """Return the message of a span that has ended; `Span.message` calls this."""
        body = _encoded(span)
        if not self._fit.holds(body):
            self._clean(span)
            return _encoded(span)
        return body

    def messages(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the messages of its spans that have ended; cheaper than one by one."""
        bodies = [_encoded(span) for span in spans]
        if self._fit.holds_all(bodies):
            return bodies
        return [self.encoded(span) for span in spans]

    def opened(self, span: Span) -> bytes:
        """Return the beginning of the message of a span that has not ended."""
        body = span.begin_message()
        if not self._fit.holds(body):
            self._clean(span)
            return span.begin_message()
        return body

    def text(self, value: str) -> str:
        """Return a text as it may stand in an attribute."""
        return value[: self.max_chars]

    def _clean(self, span: Span) -> None:
        span.values = self._fit.values({**span.shared.values, **span.values})
        span.shared = NONE_SHARED
        span.name = self._fit.text(span.name)[:MAX_NAME_CHARS]
        span.events = ()


def _encoded(span: Span) -> bytes:
    pieces = span.opened()
    pieces.append(encoding.end(span.end_ns, failed=span.failed))
    if span.links:
        pieces.append(encoding.links(span.links))
    if span.events:
        pieces.append(encoding.events(span.events))
    return b"".join(pieces)
