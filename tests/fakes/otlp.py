"""A collector that takes OTLP over HTTP as protobuf, and remembers the spans.

async with FakeCollector() as collector:
    …                                     # OTEL_EXPORTER_OTLP_ENDPOINT=collector.base_url
    spans = await collector.trace(trace_id, until=lambda spans: len(spans) >= 9)
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


@dataclass(frozen=True)
class CollectedSpan:
    """One span as it came in; ids in hex."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    service: str
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    failed: bool
    start_ns: int
    end_ns: int


class FakeCollector:
    """Listens on 127.0.0.1; `status` is what it answers, `hangs` that it does not."""

    def __init__(self) -> None:
        self.spans: list[CollectedSpan] = []
        self.bodies: list[bytes] = []
        self.requests = 0
        self.status = 200
        self.hangs = False
        self.headers: list[dict[str, str]] = []
        self.base_url = ""
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/traces", self._traces)
        app.router.add_post("/v1/metrics", self._others)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def environ(self) -> dict[str, str]:
        """What leads a process to it."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.base_url,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    async def trace(
        self,
        trace_id: str,
        until: Callable[[Sequence[CollectedSpan]], bool],
        timeout_s: float = 15,
    ) -> list[CollectedSpan]:
        """Return the spans of a trace once `until` holds for them.

        Processes export on their own, so a span may come before the one that it is below.
        """

        def found() -> list[CollectedSpan]:
            return [span for span in self.spans if span.trace_id == trace_id]

        try:
            async with asyncio.timeout(timeout_s), self._arrived:
                await self._arrived.wait_for(lambda: until(found()))
        except TimeoutError:
            raise AssertionError([f"{s.service}: {s.name}" for s in found()]) from None
        return found()

    async def _others(self, request: web.Request) -> web.Response:
        return web.Response(status=200)

    async def _traces(self, request: web.Request) -> web.Response:
        self.requests += 1
        if self.hangs:
            await asyncio.Event().wait()
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.headers.append(dict(request.headers))
        if self.status == 200:
            self.bodies.append(body)
            self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            async with self._arrived:
                self._arrived.notify_all()
        return web.Response(
            status=self.status,
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


def orphans(spans: Sequence[CollectedSpan]) -> list[CollectedSpan]:
    """Return the spans whose parent is not among `spans`; a root has none."""
    known = {span.span_id for span in spans}
    return [span for span in spans if span.parent_id and span.parent_id not in known]


def _spans(request: ExportTraceServiceRequest) -> list[CollectedSpan]:
    return [
        CollectedSpan(
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            name=span.name,
            kind=KINDS[span.kind],
            service=str(_values(part.resource.attributes).get("service.name")),
            attributes=_values(span.attributes),
            links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
            failed=span.status.code == 2,
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
        )
        for part in request.resource_spans
        for scoped in part.scope_spans
        for span in scoped.spans
    ]


def _values(pairs: Any) -> dict[str, Any]:
    found = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind)
        found[pair.key] = (
            [item.string_value for item in value.values] if kind == "array_value" else value
        )
    return found
