"""The trace of a run, as OTLP's JSON."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class ResourceSpans(TypedDict):
    """The spans of one process."""

    resource: dict[str, Any]
    scopeSpans: list[dict[str, Any]]


class Otlp(TypedDict):
    """OTLP's `TracesData` (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding)."""

    resourceSpans: list[ResourceSpans]


class RunTrace(TypedDict):
    """What is kept of a run's trace; `trace_id` is that of its acceptance."""

    object: Literal["run.trace"]
    run_id: str
    trace_id: str | None
    otlp: Otlp
