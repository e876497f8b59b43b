"""Counting and measuring, and what scrapers and collectors are given of it."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.metrics.export import Gauge, Histogram, MetricsData, Sum
from opentelemetry.sdk.resources import Resource
from prometheus_client.parser import text_string_to_metric_families

from openclaw_common.runtime.metrics.instruments import (
    HTTP_DURATION,
    INSTRUMENTS,
    LEASES_LOST,
    STREAMS,
    TOOL_CALLS,
)
from openclaw_common.runtime.metrics.otlp import MetricsExport
from openclaw_common.runtime.metrics.prometheus import Exposition
from openclaw_common.runtime.metrics.recorder import OTHER, Metrics, known, one


def scraped(metrics: Metrics) -> dict[tuple[str, ...], float]:
    body, content_type = Exposition(metrics).text("")
    assert content_type.startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_a_counter_adds_up_by_labels() -> None:
    metrics = Metrics()
    lost = metrics.counter(LEASES_LOST)
    lost.add(1, "runs")
    metrics.counter(LEASES_LOST).add(2, "runs")
    lost.add(1, "deliveries")
    assert scraped(metrics) == {
        ("openclaw_queue_leases_lost_total", "runs"): 3,
        ("openclaw_queue_leases_lost_total", "deliveries"): 1,
    }


def test_a_histogram_tells_how_many_were_within_each_bound() -> None:
    metrics = Metrics()
    for value in (0.005, 0.006, 1000):
        metrics.histogram(HTTP_DURATION).record(value, "GET", "/v1/runs", "200")
    name, labels = "http_server_request_duration_seconds", ("GET", "200", "/v1/runs")
    found = {(name, *sorted(rest)): value for (name, *rest), value in scraped(metrics).items()}
    count, total = found[f"{name}_count", *sorted(labels)], found[f"{name}_sum", *sorted(labels)]
    assert (count, total) == (3, 1000.011)
    within = [found[f"{name}_bucket", *sorted((*labels, le))] for le in ("0.005", "0.01", "300.0")]
    assert within == [1, 2, 2]


def test_what_is_observed_is_asked_for_at_each_scrape_and_adds_up() -> None:
    metrics, streams = Metrics(), [1.0, 2.0]
    metrics.observe(STREAMS, one(lambda: streams[0]))
    metrics.observe(STREAMS, one(lambda: streams[1]))
    assert scraped(metrics) == {("openclaw_stream_active",): 3}
    streams[0] = 5
    assert scraped(metrics) == {("openclaw_stream_active",): 7}


def test_label_values_past_the_limit_are_counted_together() -> None:
    metrics = Metrics()
    calls = metrics.counter(TOOL_CALLS)
    for index in range(TOOL_CALLS.limit + 20):
        calls.add(1, f"tool{index}", "ok")
    assert len(calls.values) == TOOL_CALLS.limit + 1
    assert calls.values[OTHER, OTHER] == 20


def test_a_measurement_without_its_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="takes the labels queue"):
        Metrics().counter(LEASES_LOST).add(1)


def test_labels_are_held_to_what_is_known() -> None:
    label = known(["main"])
    assert (label("main"), label("x\nevil")) == ("main", OTHER)


def test_names_are_unlike_and_say_their_unit() -> None:
    names = [instrument.prometheus for instrument in INSTRUMENTS]
    assert len(set(names)) == len(names)
    for instrument in INSTRUMENTS:
        counts = instrument.kind == "counter"
        assert instrument.prometheus.endswith("_total") is counts
        assert list(instrument.buckets) == sorted(set(instrument.buckets))
        assert bool(instrument.buckets) is (instrument.kind == "histogram")


def data_of(metrics: Metrics) -> MetricsData:
    return MetricsExport(metrics, Resource({}), None, 60).data()  # type: ignore[arg-type]


def test_a_collector_is_given_sums_distributions_and_readings() -> None:
    metrics = Metrics()
    metrics.counter(LEASES_LOST).add(2, "runs")
    metrics.histogram(HTTP_DURATION).record(0.2, "GET", "/", "200")
    metrics.observe(STREAMS, one(lambda: 4))
    scope = data_of(metrics).resource_metrics[0].scope_metrics[0]
    lost, duration, streams = (metric.data for metric in scope.metrics)
    assert isinstance(lost, Sum)
    assert lost.is_monotonic
    assert dict(lost.data_points[0].attributes or {}) == {"queue": "runs"}
    assert isinstance(duration, Histogram)
    point = duration.data_points[0]
    assert (point.count, point.sum, point.min, point.max) == (1, 0.2, 0.2, 0.2)
    assert sum(point.bucket_counts) == 1
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert isinstance(streams, Gauge)
    assert streams.data_points[0].value == 4
