"""Metrics of a worker process that died and was started again, as a collector sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint

from tests.harness.fleet import Fleet, Worker
from tests.harness.processes import free_port

ATTEMPTS = "openclaw.queue.attempts"


@dataclass
class Told:
    """What a process told in one request; all its sums began at `began_ns`."""

    instance: str
    began_ns: int
    at_ns: int
    numbers: dict[str, float]


@dataclass
class Listening:
    """A collector; `told` is in the order of arrival."""

    told: list[Told] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        self.told += _read(ExportMetricsServiceRequest.FromString(await request.read()))
        async with self.arrived:
            self.arrived.notify_all()
        return web.Response()

    async def until_attempts(self, count: float, *, other_than: str = "") -> Told:
        """Return what a process told once it had begun so many attempts."""

        def found() -> Told | None:
            return next(
                (
                    one
                    for one in self.told
                    if one.instance != other_than and one.numbers.get(ATTEMPTS) == count
                ),
                None,
            )

        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: found() is not None)
        one = found()
        assert one is not None
        return one


def _read(request: ExportMetricsServiceRequest) -> Iterator[Told]:
    for part in request.resource_metrics:
        named = {pair.key: pair.value.string_value for pair in part.resource.attributes}
        metrics = part.scope_metrics[0].metrics
        points = [point for metric in metrics for point in _points(metric)]
        sums = [point for metric in metrics for point in metric.sum.data_points]
        (began_ns,) = {point.start_time_unix_nano for point in sums}
        yield Told(
            named["service.instance.id"],
            began_ns,
            min(point.time_unix_nano for point in points),
            {metric.name: sum(point.as_double for point in _points(metric)) for metric in metrics},
        )


def _points(metric: Metric) -> list[NumberDataPoint]:
    return [*metric.sum.data_points, *metric.gauge.data_points]


async def test_a_new_child_counts_from_its_own_start_and_the_dead_one_is_silent(
    tmp_path: Path,
) -> None:
    listening, port = Listening(), free_port()
    app = web.Application()
    app.router.add_post("/v1/metrics", listening.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    environ = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"http://127.0.0.1:{port}/v1/metrics",
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
    }
    try:
        async with Fleet(tmp_path, workers=0) as fleet:
            worker = fleet.start_worker(environ=environ)
            await fleet.workers_ready()
            await ask(fleet, 3)
            first = await listening.until_attempts(3)
            killed = worker.pid
            worker.kill()
            await fleet.until(_is_another(worker, killed), "another process is there")
            before = len(listening.told)
            await ask(fleet, 1)
            second = await listening.until_attempts(1, other_than=first.instance)
    finally:
        await runner.cleanup()
    assert first.began_ns < first.at_ns < second.began_ns < second.at_ns
    assert {one.instance for one in listening.told[before:]} == {second.instance}
    assert all(number >= 0 for one in listening.told for number in one.numbers.values())


def _is_another(worker: Worker, killed: int) -> Callable[[], Awaitable[bool]]:
    async def is_another() -> bool:
        children = worker.process.children()
        return bool(children) and children[0] != killed

    return is_another


async def ask(fleet: Fleet, runs: int) -> None:
    """Have runs executed, one after another."""
    url = f"{fleet.ingresses[0].url}/v1/runs"
    for _ in range(runs):
        async with fleet.session.post(
            url, json={"input": "/fake say hello"}, headers=fleet.headers
        ) as answer:
            run_id = (await answer.json())["id"]
        async with fleet.session.get(
            f"{url}/{run_id}", params={"wait": "20"}, headers=fleet.headers
        ) as answer:
            assert (await answer.json())["status"] == "completed"
