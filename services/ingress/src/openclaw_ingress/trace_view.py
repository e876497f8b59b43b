"""Kept spans as OTLP's JSON: ids in hex, 64-bit numbers as texts, enumerations as numbers.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span


def otlp_json(kept: bytes) -> dict[str, Any]:
    """Return `{"resourceSpans": […]}` of encoded `TracesData`, by resource, each span once."""
    # Only whoever looks at traces pays for the messages' classes.
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    found: dict[bytes, dict[str, Any]] = {}
    seen: set[bytes] = set()
    for part in TracesData.FromString(kept).resource_spans:
        resource = part.resource.SerializeToString(deterministic=True)
        scope = part.scope_spans[0].scope
        shown = found.setdefault(
            resource,
            {
                "resource": {"attributes": _attributes(part.resource.attributes)},
                "scopeSpans": [
                    {"scope": {"name": scope.name, "version": scope.version}, "spans": []}
                ],
            },
        )
        for scoped in part.scope_spans:
            for span in scoped.spans:
                if span.span_id not in seen:
                    seen.add(span.span_id)
                    shown["scopeSpans"][0]["spans"].append(_span(span))
    return {"resourceSpans": list(found.values())}


def _span(span: Span) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_time_unix_nano),
        "endTimeUnixNano": str(span.end_time_unix_nano),
        "attributes": _attributes(span.attributes),
        "status": {"code": span.status.code} if span.status.code else {},
    }
    if span.parent_span_id:
        shown["parentSpanId"] = span.parent_span_id.hex()
    if span.trace_state:
        shown["traceState"] = span.trace_state
    if span.events:
        shown["events"] = [
            {
                "timeUnixNano": str(event.time_unix_nano),
                "name": event.name,
                "attributes": _attributes(event.attributes),
            }
            for event in span.events
        ]
    if span.links:
        shown["links"] = [
            {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex()} for link in span.links
        ]
    return shown


def _attributes(pairs: Iterable[KeyValue]) -> list[dict[str, Any]]:
    return [{"key": pair.key, "value": _value(pair.value)} for pair in pairs]


def _value(value: AnyValue) -> dict[str, Any]:
    match value.WhichOneof("value"):
        case "string_value":
            return {"stringValue": value.string_value}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case "int_value":
            return {"intValue": str(value.int_value)}
        case "double_value":
            return {"doubleValue": value.double_value}
        case _:
            return {"arrayValue": {"values": [_value(item) for item in value.array_value.values]}}
