"""Metrics sent over OTLP to a real receiver, and to one that is not there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import Resource

from openclaw_common.runtime.config.health import Health
from openclaw_common.runtime.metrics.instruments import EXECUTING, LEASES_LOST
from openclaw_common.runtime.metrics.otlp import MetricsExport
from openclaw_common.runtime.metrics.recorder import Metrics, Readings
from openclaw_common.runtime.observation import Observation
from tests.harness.processes import free_port


class Receiver:
    """A collector as far as metrics need it."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[ExportMetricsServiceRequest] = asyncio.Queue()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["Content-Type"] == "application/x-protobuf"
        self.taken.put_nowait(ExportMetricsServiceRequest.FromString(await request.read()))
        return web.Response()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/v1/metrics", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://127.0.0.1:{port}"
    yield made
    await runner.cleanup()


def observed(monkeypatch: pytest.MonkeyPatch, url: str, metrics: Metrics) -> Observation:
    # The exporter of OpenTelemetry reads the process's own environment.
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_METRIC_EXPORT_INTERVAL": "100"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    async def nothing() -> list[str]:
        return []

    return Observation(Health(), environ, metrics, service="openclaw-test", failing=nothing)


async def test_a_collector_is_sent_what_was_measured_as_this_service(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = Metrics()
    metrics.counter(LEASES_LOST).add(3, "runs")
    observation = observed(monkeypatch, receiver.url, metrics)
    await observation.start()
    async with asyncio.timeout(5):
        request = await receiver.taken.get()
    await observation.stop()
    (resource,) = request.resource_metrics
    names = {item.key: item.value.string_value for item in resource.resource.attributes}
    assert names["service.name"] == "openclaw-test"
    sent = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
    assert sent["openclaw.queue.leases_lost"].sum.data_points[0].as_double == 3
    assert sent["process.cpu.time"].sum.is_monotonic


async def test_a_setting_that_the_exporter_does_not_know_is_told(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli")
    observation = observed(monkeypatch, receiver.url, Metrics())
    await observation.start()
    await observation.stop()
    assert [message for message in caplog.messages if "brotli" in message] != []


class Told(logging.Handler):
    """Waits for the first warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._loop = asyncio.get_running_loop()
        self.first = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self._loop.call_soon_threadsafe(self.first.set)


async def test_a_collector_that_is_away_costs_one_warning_and_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    observation = observed(monkeypatch, f"http://127.0.0.1:{free_port()}", Metrics())
    told, loop = Told(), asyncio.get_running_loop()
    logging.getLogger().addHandler(told)
    try:
        await observation.start()
        async with asyncio.timeout(5):
            await told.first.wait()
        began = loop.time()
        await observation.stop()
    finally:
        logging.getLogger().removeHandler(told)
    assert loop.time() - began < 4
    assert told.lines == ["metrics.collector_unreachable"]


class Broken(Exception):
    """What an exporter should not raise."""


class Flaky(MetricExporter):
    """Does one thing a try, and takes what comes after all of them."""

    def __init__(self, *does: MetricExportResult | Exception) -> None:
        super().__init__()
        self.does = list(does)
        self.tries = 0

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **more: object
    ) -> MetricExportResult:
        self.tries += 1
        does = self.does.pop(0) if self.does else MetricExportResult.SUCCESS
        if isinstance(does, Exception):
            raise does
        return does

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **more: object) -> None:
        pass


async def told_of(
    exporter: Flaky, caplog: pytest.LogCaptureFixture, metrics: Metrics | None = None
) -> list[logging.LogRecord]:
    """Export until it works, and return what was told."""
    caplog.set_level(logging.INFO)
    export = MetricsExport(metrics or Metrics(), Resource.get_empty(), exporter, 0.01)
    export.start()
    async with asyncio.timeout(5):
        while exporter.does or not exporter.tries:
            await asyncio.sleep(0.01)
    export.stop(5)
    return [record for record in caplog.records if record.name.endswith("otlp")]


async def test_a_collector_that_is_back_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    refused = MetricExportResult.FAILURE
    told = await told_of(Flaky(refused, refused), caplog)
    assert [record.message for record in told] == [
        "metrics.collector_unreachable",
        "metrics.exported_again",
    ]


async def test_an_exporter_that_breaks_is_told_with_its_traceback_and_not_as_the_collector(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (record,) = await told_of(Flaky(Broken(), Broken()), caplog)
    assert record.message == "metrics.export_broke"
    assert record.exc_info is not None
    assert record.exc_info[0] is Broken


async def test_what_cannot_be_read_once_does_not_end_the_export(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics, broken = Metrics(), [Broken()]

    def read() -> Readings:
        if broken:
            raise broken.pop()
        return [(("runs",), 1.0)]

    metrics.observe(EXECUTING, read)
    (record,) = await told_of(Flaky(), caplog, metrics)
    assert record.message == "metrics.export_broke"
