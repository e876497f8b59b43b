"""The whole way of a chat completion, against a fake provider that costs next to nothing.

CPU figures are of all server processes together (ingress, worker with its supervisor, Valkey), not
of the provider or the client, which share the machine.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.figures import Figure, cpu_seconds, percentile
from tests.harness.fleet import Fleet

FIRST_TOKENS = 300
SHORT_RUNS = 2_000
PARALLEL = 16
SHORT_TOKENS = 10
STREAMS = 40
PACED_TOKENS = 400
PACE_MS = 20
BURST_STREAMS = 200
BURST_TOKENS = 2_000


async def first_token(folder: Path) -> list[Figure]:
    """Time to the first content byte through the gateway and from the provider itself."""
    async with Fleet(folder, ingresses=1, workers=1) as fleet:
        gateway = fleet.ingresses[0].url + "/v1/chat/completions"
        provider = fleet.provider_url + "/v1/chat/completions"
        through, direct = [], []
        for index in range(FIRST_TOKENS + 20):
            body = _body("openclaw", f"/fake text tokens={SHORT_TOKENS}")
            through.append(await _first_content(fleet.session, gateway, body, fleet.headers))
            body = _body("fake", f"/fake text tokens={SHORT_TOKENS}")
            direct.append(await _first_content(fleet.session, provider, body, {}))
            if index < 20:
                through.clear()
                direct.clear()
    figures = []
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        gap = percentile(through, share) - percentile(direct, share)
        figures += [
            Figure(f"first token through the gateway, {name}", percentile(through, share), "ms"),
            Figure(f"first token from the provider, {name}", percentile(direct, share), "ms"),
            Figure(f"overhead to the first token, {name}", gap, "ms"),
        ]
    return figures


async def short_runs(folder: Path) -> list[Figure]:
    """Server CPU and throughput of short runs, streamed and not."""
    figures: list[Figure] = []
    async with Fleet(folder, ingresses=1, workers=1) as fleet:
        for stream in (False, True):
            await load_short_runs(fleet, SHORT_RUNS // 10, stream=stream)
            before, begun = _cpu(fleet), time.perf_counter()
            await load_short_runs(fleet, SHORT_RUNS, stream=stream)
            seconds = time.perf_counter() - begun
            cpu = (_cpu(fleet) - before) / SHORT_RUNS * 1000
            kind = "streamed" if stream else "not streamed"
            figures += [
                Figure(f"server CPU per short run, {kind}", cpu, "ms"),
                Figure(f"short runs, {kind}", SHORT_RUNS / seconds, "runs/s"),
            ]
    return figures


async def tokens(folder: Path) -> list[Figure]:
    """Server CPU per relayed token, paced as a model does it and as fast as it goes."""
    figures = []
    async with Fleet(folder, ingresses=1, workers=1, worker={"concurrency": 64}) as fleet:
        paced = f"/fake text tokens={PACED_TOKENS} delay_ms={PACE_MS}"
        burst = f"/fake burst tokens={BURST_TOKENS}"
        for name, text, streams, count in (
            (f"{STREAMS} streams of 50 tokens/s", paced, STREAMS, PACED_TOKENS),
            ("burst", burst, BURST_STREAMS, BURST_TOKENS),
        ):
            await load_short_runs(fleet, 32, stream=True)
            before, begun = _cpu(fleet), time.perf_counter()
            await _many(fleet, streams, text, parallel=STREAMS)
            seconds = time.perf_counter() - begun
            cpu = (_cpu(fleet) - before) / (streams * count) * 1e6
            figures += [
                Figure(f"server CPU per relayed token, {name}", cpu, "µs"),
                Figure(f"relayed tokens, {name}", streams * count / seconds, "tokens/s"),
            ]
    return figures


def _body(model: str, text: str, *, stream: bool = True) -> dict[str, Any]:
    return {"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]}


async def _first_content(
    session: aiohttp.ClientSession, url: str, body: dict[str, Any], headers: dict[str, str]
) -> float:
    begun = time.perf_counter()
    first = 0.0
    async with session.post(url, json=body, headers=headers) as answer:
        async for chunk in answer.content.iter_any():
            if not first and b'"content":"tok0' in chunk:
                first = (time.perf_counter() - begun) * 1000
    assert first, "no content came"
    return first


async def load_short_runs(fleet: Fleet, count: int, *, stream: bool) -> None:
    """Ask for `count` runs of ten tokens, sixteen at a time."""
    text = f"/fake burst tokens={SHORT_TOKENS}"
    await _many(fleet, count, text, parallel=PARALLEL, stream=stream)


async def short_runs_within(fleet: Fleet, seconds: float, *, clients: int, stream: bool) -> int:
    """Ask for runs of ten tokens, one after another by each client; returns how many ended."""
    ended = 0
    text, stop = f"/fake burst tokens={SHORT_TOKENS}", time.perf_counter() + seconds

    async def client() -> None:
        nonlocal ended
        while time.perf_counter() < stop:
            await _one(fleet, text, stream=stream)
            ended += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    return ended


async def _many(fleet: Fleet, count: int, text: str, *, parallel: int, stream: bool = True) -> None:
    left = iter(range(count))

    async def client() -> None:
        for _ in left:
            await _one(fleet, text, stream=stream)

    await asyncio.gather(*(client() for _ in range(parallel)))


async def _one(fleet: Fleet, text: str, *, stream: bool) -> None:
    url = fleet.ingresses[0].url + "/v1/chat/completions"
    body = _body("openclaw", text, stream=stream)
    async with fleet.session.post(url, json=body, headers=fleet.headers) as answer:
        raw = await answer.read()
    assert answer.status == 200, raw
    assert b"tok" in raw


def _cpu(fleet: Fleet) -> float:
    processes = [item.process for item in (*fleet.ingresses, *fleet.workers)]
    pids = [pid for process in processes for pid in (process.pid, *process.children())]
    return cpu_seconds([*pids, fleet.valkey_pid])
