"""How a process can be looked at from outside: its side port, and its metrics sent away.

A composition root makes one `Observation` with what its process has to tell, starts it first and
stops it last. Without a side port and without a collector it does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from opentelemetry.sdk.resources import Resource

from openclaw_common.runtime.config.health import Health
from openclaw_common.runtime.health import Probes, SidePort
from openclaw_common.runtime.metrics.otlp import MetricsExport, exports_metrics
from openclaw_common.runtime.metrics.process import ProcessWatch
from openclaw_common.runtime.metrics.prometheus import Exposition
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.otlp_environ import export_interval_s, resource_of
from openclaw_common.runtime.waiting import end

EXPORT_STOP_S: Final = 2.0
"""How long the end of a process waits for the collector, in seconds."""

_EXPORTER_LOGS: Final = "opentelemetry.exporter.otlp.proto.http.metric_exporter"

Failing = Callable[[], Sequence[str] | Awaitable[Sequence[str]]]
STARTING: Final = "starting"
"""What fails until the process has come up."""


class Watch(Protocol):
    """Something that is measured over time, or asked for when somebody looks."""

    async def refresh(self) -> None:
        """Bring what will be read up to date; called before each scrape. Raises nothing."""
        ...

    async def run(self) -> None:
        """Measure until cancelled."""
        ...


class Observation:
    """One process, observed from `start` to `stop`.

    `service` is its name in telemetry (`openclaw-agent-worker`). `failing` names what keeps it from
    taking work; `started` is called from the first probe on.
    """

    def __init__(
        self,
        settings: Health,
        environ: Mapping[str, str],
        metrics: Metrics,
        *,
        service: str,
        failing: Failing,
        watches: Sequence[Watch] = (),
    ) -> None:
        self._settings = settings
        self._exports = exports_metrics(environ)
        self._interval_s = export_interval_s(environ)
        self._resource = Resource.create(resource_of(environ, {"service.name": service}))
        self._metrics = metrics
        self._exposition = Exposition(metrics)
        self._watches = (ProcessWatch(metrics), *watches)
        self._is_up = False
        self._failing = failing
        probes = Probes(self._all_failing, lambda: self._is_up, self._scrape)
        self._port = SidePort(settings, probes) if settings.port else None
        self._export: MetricsExport | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int | None:
        """The side port, None for none."""
        return self._settings.port or None

    async def start(self) -> None:
        """Begin. Raises SidePortTaken."""
        if self._port is not None:
            await self._port.start()
        if self._port is None and not self._exports:
            return
        self._tasks = [asyncio.create_task(watch.run()) for watch in self._watches]
        if self._exports:
            self._tasks.append(asyncio.create_task(self._keep_fresh(), name="metrics-fresh"))
            self._export = _exporter(self._metrics, self._resource, self._interval_s)
            self._export.start()

    def started(self) -> None:
        """The process has come up."""
        self._is_up = True

    async def stop(self) -> None:
        """End; what was measured last is still sent."""
        await end(self._tasks)
        if self._export is not None:
            await asyncio.to_thread(self._export.stop, EXPORT_STOP_S)
        if self._port is not None:
            await self._port.stop()

    async def _all_failing(self) -> Sequence[str]:
        if not self._is_up:
            return [STARTING]
        found = self._failing()
        return await found if isinstance(found, Awaitable) else found

    async def _scrape(self, accept: str) -> tuple[bytes, str]:
        await self._refresh()
        return self._exposition.text(accept)

    async def _refresh(self) -> None:
        for watch in self._watches:
            await watch.refresh()

    async def _keep_fresh(self) -> None:
        while True:
            await self._refresh()
            await asyncio.sleep(self._interval_s / 2)


def _exporter(metrics: Metrics, resource: Resource, interval_s: float) -> MetricsExport:
    # 0.1 s of imports that only who exports pays for.
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    exporter = OTLPMetricExporter()
    # It logs each failed try; MetricsExport says once that the collector is away. What it told of
    # its settings when it was made is told nowhere else.
    logging.getLogger(_EXPORTER_LOGS).setLevel(logging.CRITICAL)
    return MetricsExport(metrics, resource, exporter, interval_s)
