"""What watching the gateway costs: short runs with all telemetry, and with none.

Three fleets stand side by side and take turns: one with `OTEL_SDK_DISABLED` and no side port; one
with traces and metrics sent to a collector in a process of its own, spans kept in Redis and side
ports that are scraped; one the same with nobody at the collector's address. Each is compared with
the first in the same round, seconds apart, as what else the machine does changes more than that in
a minute; told is the median of these ratios, with their quartiles. All are started anew several
times, as two processes of the same program differ by some percent for as long as they live. CPU is
that of a fleet's processes (ingress, worker with its supervisor, Valkey), without the collector's;
rates are lower for it, as it shares the cores.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.chat import load_short_runs
from benchmarks.figures import Figure, exact_cpu_seconds
from tests.harness.fleet import Fleet
from tests.harness.processes import free_port, python, start

STARTS: Final = 4
ROUNDS: Final = 6
"""Rounds of each start."""
RUNS: Final = 500
"""Runs of each fleet in each round, of each kind: what is sent each second is a full batch then."""
SCRAPE_S: Final = 5.0
EXPORT_MS: Final = 10_000
"""How often metrics are sent; every minute by default, which rounds are too short for."""
SETTLE_S: Final = 1.2
"""After a load, for the spans that still wait to be sent."""
SAME: Final = {"PYTHONHASHSEED": "0"}
"""So that the tables of all processes lie alike."""
OFF, FULL, UNREACHABLE = "none", "all", "collector away"
KINDS: Final = {"not streamed": False, "streamed": True}


@dataclass(frozen=True, slots=True)
class Watched:
    """A fleet and the side ports that are scraped."""

    fleet: Fleet
    ports: tuple[int, ...] = ()

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU time of each of its processes."""
        (worker,) = self.fleet.workers
        pids = {
            "ingress": self.fleet.ingresses[0].process.pid,
            "worker": worker.pid,
            "supervisor": worker.process.pid,
            "Valkey": self.fleet.valkey_pid,
        }
        return {name: exact_cpu_seconds(pid) for name, pid in pids.items()}


@dataclass(slots=True)
class Measured:
    """Of one fleet and one kind of run: by process, CPU milliseconds of a run; runs a second."""

    cpu_ms: list[dict[str, float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def totals(self) -> list[float]:
        """Return the CPU of a run of each round, all processes together."""
        return [sum(of.values()) for of in self.cpu_ms]


async def run(folder: Path) -> list[Figure]:
    """Measure runs that are not streamed, and runs that are."""
    measured = {kind: {name: Measured() for name in (OFF, FULL, UNREACHABLE)} for kind in KINDS}
    for again in range(STARTS):
        async with AsyncExitStack() as stack:
            place = folder / str(again)
            place.mkdir()
            fleets = await _fleets(stack, place)
            for kind, stream in KINDS.items():
                for watched in fleets.values():
                    await load_short_runs(watched.fleet, RUNS, stream=stream)
                for number in range(ROUNDS):
                    names = list(fleets)
                    for name in names[number % 3 :] + names[: number % 3]:
                        await _round(fleets[name], measured[kind][name], stream=stream)
    return [figure for kind in KINDS for figure in _figures(kind, measured[kind])]


async def _fleets(stack: AsyncExitStack, folder: Path) -> dict[str, Watched]:
    collector = await stack.enter_async_context(_collector(folder))
    off = Fleet(folder / "off", ingresses=0, workers=0)
    fleets = {OFF: await _started(stack, off, {**SAME, "OTEL_SDK_DISABLED": "true"})}
    for name, url in ((FULL, collector), (UNREACHABLE, f"http://127.0.0.1:{free_port()}")):
        environ = {
            **SAME,
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_METRIC_EXPORT_INTERVAL": str(EXPORT_MS),
        }
        fleet = Fleet(folder / name.replace(" ", "-"), ingresses=0, workers=0)
        ports = (free_port(), free_port())
        fleets[name] = await _started(stack, fleet, environ, ports)
        scraping = asyncio.create_task(_scrape(fleet.session, ports))
        stack.push_async_callback(_ended, scraping)
    return fleets


async def _started(
    stack: AsyncExitStack, fleet: Fleet, environ: dict[str, str], ports: tuple[int, ...] = ()
) -> Watched:
    await stack.enter_async_context(fleet)
    of_worker, of_ingress = [{"OPENCLAW_HEALTH_PORT": str(port)} for port in ports] or ({}, {})
    fleet.start_worker(environ={**environ, **of_worker})
    await fleet.start_ingress(environ={**environ, **of_ingress})
    await fleet.workers_ready()
    return Watched(fleet, ports)


@asynccontextmanager
async def _collector(folder: Path) -> AsyncIterator[str]:
    """Run a collector that takes everything and does nothing; gives its URL."""
    port = free_port()
    process = start("collector", python("-m", "benchmarks.collector", str(port)), folder)
    try:
        async with asyncio.timeout(30):
            while True:
                with suppress(OSError):
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        await process.end()


async def _scrape(session: aiohttp.ClientSession, ports: Iterable[int]) -> None:
    while True:
        for port in ports:
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                answer.raise_for_status()
                await answer.read()
        await asyncio.sleep(SCRAPE_S)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _round(watched: Watched, measured: Measured, *, stream: bool) -> None:
    before, begun = watched.cpu_s(), time.perf_counter()
    await load_short_runs(watched.fleet, RUNS, stream=stream)
    measured.rates.append(RUNS / (time.perf_counter() - begun))
    await asyncio.sleep(SETTLE_S)
    after = watched.cpu_s()
    measured.cpu_ms.append({name: (after[name] - before[name]) / RUNS * 1000 for name in after})


def _figures(kind: str, measured: dict[str, Measured]) -> list[Figure]:
    without = measured[OFF]
    figures: list[Figure] = []
    for name, of in measured.items():
        what = f"{kind}, telemetry: {name}"
        cpu, rate = statistics.median(of.totals()), statistics.median(of.rates)
        figures.append(Figure(f"server CPU per short run, {what}", cpu, "ms"))
        figures.append(Figure(f"short runs, {what}", rate, "runs/s"))
        if of is not without:
            more = [a / b - 1 for a, b in zip(of.totals(), without.totals(), strict=True)]
            fewer = [1 - a / b for a, b in zip(of.rates, without.rates, strict=True)]
            figures += _quartiles(f"more CPU, {what}", more)
            figures += _quartiles(f"fewer runs, {what}", fewer)
    for process in without.cpu_ms[0]:
        pairs = zip(measured[FULL].cpu_ms, without.cpu_ms, strict=True)
        more_us = statistics.median((a[process] - b[process]) * 1000 for a, b in pairs)
        figures.append(Figure(f"of it, {process}, {kind}", more_us, "µs"))
    return figures


def _quartiles(name: str, shares: list[float]) -> list[Figure]:
    lower, median, upper = statistics.quantiles(shares, n=4)
    return [
        Figure(name, median * 100, "%"),
        Figure(f"{name}, lower quartile", lower * 100, "%"),
        Figure(f"{name}, upper quartile", upper * 100, "%"),
    ]
