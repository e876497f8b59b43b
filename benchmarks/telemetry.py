"""What watching the gateway costs: short runs with all telemetry, and with none.

Three fleets stand side by side: one with `OTEL_SDK_DISABLED` and no side port; one with traces and
metrics sent to a collector in a process of its own, spans kept in Redis and side ports that are
scraped; one the same with nobody at the collector's address. All are loaded at the same time, each
by as many clients, and the last two compared with the first in the same two seconds, as the machine
itself changes by more than that from one moment to the next. Told is the ratio of all windows
together, as what is sent or scraped every few seconds is not in each, and the quartiles of the
single ones. All are started anew several times, as two processes of the same program differ by some
percent for as long as they live. CPU is that of a fleet's processes (ingress, worker with its
supervisor, Valkey), without the collector's.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.chat import short_runs_within
from benchmarks.figures import Figure, exact_cpu_seconds
from tests.harness.fleet import Fleet
from tests.harness.processes import free_port, python, start

STARTS: Final = 6
WINDOWS: Final = 8
"""Windows of each start, of each kind of run."""
WINDOW_S: Final = 2.0
CLIENTS: Final = 8
"""Of each fleet."""
SCRAPE_S: Final = 5.0
EXPORT_MS: Final = 10_000
"""How often metrics are sent; every minute by default, which rounds are too short for."""
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


@dataclass(frozen=True, slots=True)
class Window:
    """What one fleet did in one window: runs, and the CPU of each process, in seconds."""

    runs: int
    cpu_s: Mapping[str, float]

    @property
    def cpu_of_run_s(self) -> float:
        """CPU of a run in all processes together."""
        return sum(self.cpu_s.values()) / self.runs


Pairs = list[tuple[Window, Window]]
"""Windows without telemetry, and the same windows with it."""


async def run(folder: Path) -> list[Figure]:
    """Measure runs that are not streamed, and runs that are."""
    found: dict[tuple[str, str], list[Window]] = {
        (kind, name): [] for kind in KINDS for name in (OFF, FULL, UNREACHABLE)
    }
    for again in range(STARTS):
        async with AsyncExitStack() as stack:
            place = folder / str(again)
            place.mkdir()
            fleets = await _fleets(stack, place)
            for kind, stream in KINDS.items():
                # The first window is for getting warm.
                await _side_by_side(fleets, stream)
                for _ in range(WINDOWS):
                    for name, window in (await _side_by_side(fleets, stream)).items():
                        found[kind, name].append(window)
    return [
        figure
        for kind in KINDS
        for name in (FULL, UNREACHABLE)
        for figure in _figures(
            kind, name, list(zip(found[kind, OFF], found[kind, name], strict=True))
        )
    ]


async def _side_by_side(fleets: dict[str, Watched], stream: bool) -> dict[str, Window]:
    windows = [_window(watched, stream=stream) for watched in fleets.values()]
    return dict(zip(fleets, await asyncio.gather(*windows), strict=True))


async def _window(watched: Watched, *, stream: bool) -> Window:
    before = watched.cpu_s()
    runs = await short_runs_within(watched.fleet, WINDOW_S, clients=CLIENTS, stream=stream)
    after = watched.cpu_s()
    return Window(runs, {name: after[name] - before[name] for name in after})


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


def _figures(kind: str, name: str, pairs: Pairs) -> list[Figure]:
    what = f"{kind}, telemetry: {name}"
    without, watched = _together(a for a, _ in pairs), _together(b for _, b in pairs)
    figures = [
        Figure(f"runs, {kind}, beside {name}", without.runs, ""),
        Figure(f"runs, {what}", watched.runs, ""),
        *_shares(f"fewer runs, {what}", pairs, without, watched, _fewer),
        *_shares(f"more CPU, {what}", pairs, without, watched, _more_cpu),
    ]
    for process, cpu_s in watched.cpu_s.items():
        more_us = (cpu_s / watched.runs - without.cpu_s[process] / without.runs) * 1e6
        figures.append(Figure(f"of it, {process}, {what}", more_us, "µs"))
    return figures


def _together(windows: Iterable[Window]) -> Window:
    runs, cpu_s = 0, Counter[str]()
    for window in windows:
        runs += window.runs
        cpu_s.update(window.cpu_s)
    return Window(runs, cpu_s)


def _fewer(without: Window, watched: Window) -> float:
    return 1 - watched.runs / without.runs


def _more_cpu(without: Window, watched: Window) -> float:
    return watched.cpu_of_run_s / without.cpu_of_run_s - 1


def _shares(
    name: str,
    pairs: Pairs,
    without: Window,
    watched: Window,
    share: Callable[[Window, Window], float],
) -> list[Figure]:
    lower, median, upper = statistics.quantiles([share(a, b) for a, b in pairs], n=4)
    return [
        Figure(name, share(without, watched) * 100, "%"),
        Figure(f"{name}, median of windows", median * 100, "%"),
        Figure(f"{name}, lower quartile", lower * 100, "%"),
        Figure(f"{name}, upper quartile", upper * 100, "%"),
    ]
