"""Admission of hooks: from a POST to the answer that the run is durable, without anybody to run it.

CPU figures are of the ingress process alone; client and Valkey share the machine.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from benchmarks.figures import Figure, cpu_seconds, percentile
from tests.harness.fleet import HOOK_TOKEN, Fleet

AT_ONCE = ((1, 3_000), (32, 15_000), (200, 15_000))
"""Posts under way at the same time, and how many of them in all."""
WARM_POSTS = 500
HEADERS = {"X-OpenClaw-Token": HOOK_TOKEN}
BODY = {"message": "The build of main has failed.", "name": "CI", "deliver": False}


async def run(folder: Path) -> list[Figure]:
    """Post at each rate to one ingress."""
    figures: list[Figure] = []
    hooks = {"enabled": True, "token": HOOK_TOKEN}
    runs = {"maxQueued": 1_000_000}
    async with Fleet(folder, workers=0, runs=runs, config={"hooks": hooks}) as fleet:
        await _post(fleet, 32, WARM_POSTS)
        for at_once, posts in AT_ONCE:
            pid = fleet.ingresses[0].process.pid
            cpu, begun = cpu_seconds([pid]), time.perf_counter()
            times = await _post(fleet, at_once, posts)
            seconds, cpu = time.perf_counter() - begun, cpu_seconds([pid]) - cpu
            figures += [
                Figure(f"hooks accepted, {at_once} at once", posts / seconds, "posts/s"),
                Figure(f"time of a post, {at_once} at once, p50", percentile(times, 0.5), "ms"),
                Figure(f"time of a post, {at_once} at once, p99", percentile(times, 0.99), "ms"),
                Figure(f"hooks per ingress CPU second, {at_once} at once", posts / cpu, "posts"),
            ]
    return figures


async def _post(fleet: Fleet, at_once: int, posts: int) -> list[float]:
    """Return the milliseconds of each post."""
    url = f"{fleet.ingresses[0].url}/hooks/agent"
    left = iter(range(posts))
    times: list[float] = []

    async def sender() -> None:
        for _ in left:
            begun = time.perf_counter()
            async with fleet.session.post(url, json=BODY, headers=HEADERS) as answer:
                raw = await answer.read()
            times.append((time.perf_counter() - begun) * 1000)
            if answer.status != 200:
                raise RuntimeError(raw.decode())

    await asyncio.gather(*(sender() for _ in range(at_once)))
    return times
