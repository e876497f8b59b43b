"""A recorder for tests, and spans read back from what was encoded."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import Span as Encoded

from openclaw_common.runtime.tracing import Span


class Recorded:
    """Keeps what a Recorder is told, in order."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.begins: list[Span] = []
        self.left: list[Span] = []
        self.forgot: list[Span] = []

    def begun(self, span: Span) -> None:
        self.begins.append(span)

    def ended(self, span: Span) -> None:
        self.bodies.append(span.message())

    def forgotten(self, span: Span) -> None:
        self.forgot.append(span)

    def leaving(self, span: Span) -> None:
        self.left.append(span)

    @property
    def spans(self) -> list[Encoded]:
        return [Encoded.FromString(body) for body in self.bodies]


def attributes(span: Encoded) -> dict[str, object]:
    """The attributes of a span that are no lists."""
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value"))
        for pair in span.attributes
        if pair.value.WhichOneof("value") != "array_value"
    }
