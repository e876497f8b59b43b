"""`tracing`: which traces are joined, and the bounds of the spans that are kept.

Where spans are exported to is said by OpenTelemetry's own variables (`OTEL_…`).
"""

from __future__ import annotations

from typing import Literal

from openclaw_common.runtime.config.base import Flag, Positive, Section

Trust = Literal["always", "keys", "never"]


class Tracing(Section):
    """Traces of requests and runs."""

    trust: Trust = "keys"
    """Whose `traceparent` is joined: everybody's, that of callers with a credential of the gateway
    (a hook's token is none), or nobody's. Any other is linked to from a new trace."""
    store: Flag = True
    """Whether the spans of runs are kept in Redis, for `GET /v1/runs/{id}/trace`."""
    keep_seconds: Positive = 86_400
    """How long after its last span the trace of a run is kept, in seconds."""
    max_bytes_per_run: Positive = 262_144
    """Bytes of spans kept of one run; later ones are left out."""
    max_spans: Positive = 1000
    """Spans that one request or one attempt may make."""
    max_attribute_chars: Positive = 8192
    """Characters of one attribute that holds what was said, where that is recorded at all."""
    max_buffered: Positive = 8192
    """Spans of one process that wait for export, or to be kept; more are dropped."""
    flush_ms: Positive = 1000
    """How long an ended span waits for others that are kept in Redis with it, in milliseconds."""
    shutdown_ms: Positive = 2000
    """How long the end of a process waits for its last spans, in milliseconds."""
