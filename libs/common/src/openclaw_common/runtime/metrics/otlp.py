"""Sends the metrics to an OpenTelemetry collector over OTLP/HTTP, if the environment names one.

The variables are OpenTelemetry's own (https://opentelemetry.io/docs/specs/otel/configuration/
sdk-environment-variables/): OTEL_EXPORTER_OTLP_ENDPOINT or …_METRICS_ENDPOINT turns it on,
OTEL_METRICS_EXPORTER=none and OTEL_SDK_DISABLED=true off, OTEL_METRIC_EXPORT_INTERVAL says how
often, in milliseconds. A thread of its own sends, so a collector that hangs holds up nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from openclaw_common.runtime.metrics.recorder import Distribution, Family, Labels, Metrics
from openclaw_common.runtime.otlp_environ import endpoint_of

SCOPE: Final = "openclaw_common.runtime.metrics"

_logger: Final = logging.getLogger(__name__)


def exports_metrics(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for metrics over OTLP. Raises OtlpSettingError."""
    return endpoint_of("metrics", environ) is not None


class MetricsExport:
    """Sends what `metrics` has every `interval_s` seconds, and once more at the end."""

    def __init__(
        self, metrics: Metrics, resource: Resource, exporter: MetricExporter, interval_s: float
    ) -> None:
        self._metrics = metrics
        self._resource = resource
        self._exporter = exporter
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._reached = True
        self._broke = False
        self._thread = threading.Thread(target=self._run, name="metrics-export", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Send the rest and end; gives up on a collector that takes longer than `timeout_s`."""
        self._ended.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            self._send()
        self._send()
        self._exporter.shutdown()

    def _send(self) -> None:
        try:
            result = self._exporter.export(self.data())
        except Exception:
            # The thread's top-level loop. What a collector does is a result and never raised, so
            # this is a fault of ours or the exporter's; metrics go on where it passes.
            if not self._broke:
                _logger.exception("metrics.export_broke")
            self._broke = True
            return
        self._broke = False
        reached = result is MetricExportResult.SUCCESS
        if reached and not self._reached:
            _logger.info("metrics.exported_again")
        elif self._reached and not reached:
            _logger.warning("metrics.collector_unreachable")
        self._reached = reached

    def data(self) -> MetricsData:
        """Return everything measured since the start, as OpenTelemetry's data model."""
        now = time.time_ns()
        began = round(self._metrics.started_s * 1e9)
        metrics = [_metric(family, began, now) for family in self._metrics.collect()]
        scope = ScopeMetrics(InstrumentationScope(SCOPE), metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scope], "")])


def _metric(family: Family, began: int, now: int) -> Metric:
    instrument = family.instrument
    data: Sum | Gauge | Histogram
    cumulative = AggregationTemporality.CUMULATIVE
    if instrument.kind == "histogram":
        points = [
            _histogram_point(family, labels, distribution, began, now)
            for labels, distribution in family.distributions.items()
        ]
        data = Histogram(points, cumulative)
    else:
        numbers = [
            NumberDataPoint(_attributes(family, labels), began, now, value)
            for labels, value in family.numbers.items()
        ]
        counts = instrument.kind == "counter"
        data = Sum(numbers, cumulative, is_monotonic=True) if counts else Gauge(numbers)
    return Metric(instrument.name, instrument.description, instrument.unit, data)


def _histogram_point(
    family: Family, labels: Labels, distribution: Distribution, began: int, now: int
) -> HistogramDataPoint:
    counts = list(distribution.counts)
    return HistogramDataPoint(
        attributes=_attributes(family, labels),
        start_time_unix_nano=began,
        time_unix_nano=now,
        count=sum(counts),
        sum=distribution.total,
        bucket_counts=counts,
        explicit_bounds=list(family.instrument.buckets),
        min=distribution.least,
        max=distribution.most,
    )


def _attributes(family: Family, labels: Labels) -> dict[str, str]:
    named = zip(family.instrument.labels, labels, strict=True)
    return {name: value for name, value in named if value}
