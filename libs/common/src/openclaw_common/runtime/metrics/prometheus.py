"""The text that Prometheus scrapes (exposition format 0.0.4 and OpenMetrics, by the `Accept`)."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from openclaw_common.runtime.metrics.recorder import Distribution, Family, Metrics


class _Families(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        for family in self._metrics.collect():
            yield _exposed(family)


class Exposition:
    """What `/metrics` answers."""

    def __init__(self, metrics: Metrics) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Families(metrics))

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return the body and its content type for a scraper that takes `accept`."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


def _exposed(family: Family) -> Metric:
    instrument = family.instrument
    name, text = instrument.prometheus, instrument.description
    labels = [label.replace(".", "_") for label in instrument.labels]
    if instrument.kind == "histogram":
        histogram = HistogramMetricFamily(name, text, labels=labels)
        for values, distribution in family.distributions.items():
            buckets = _buckets(instrument.buckets, distribution)
            histogram.add_metric(values, buckets, distribution.total)
        return histogram
    number = (CounterMetricFamily if instrument.kind == "counter" else GaugeMetricFamily)(
        name, text, labels=labels
    )
    for values, value in family.numbers.items():
        number.add_metric(values, value)
    return number


def _buckets(bounds: tuple[float, ...], distribution: Distribution) -> list[tuple[str, float]]:
    found, below = [], 0
    for bound, count in zip((*bounds, float("inf")), distribution.counts, strict=True):
        below += count
        found.append(("+Inf" if bound == float("inf") else repr(float(bound)), float(below)))
    return found
