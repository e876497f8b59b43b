"""What a worker costs with each provider family: memory, first use, and CPU of its answers.

Figures are of one worker process under its supervisor, which no other family has been asked of.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, cpu_seconds, resident_mib
from tests.harness.fleet import Fleet

FAMILIES: Final[dict[str, str]] = {
    "openai-completions": "/v1",
    "openai-responses": "/v1",
    "anthropic-messages": "",
    "google-generative-ai": "/v1beta",
}
"""Each `api`, and what its `baseUrl` has behind the fake provider's address."""

WARM_RUNS: Final = 10
SHORT_RUNS: Final = 200
LONG_RUNS: Final = 20
LONG_TOKENS: Final = 2000


async def run(folder: Path) -> list[Figure]:
    """Measure every family, each with a fleet of its own."""
    figures: list[Figure] = []
    for api, path in FAMILIES.items():
        provider: dict[str, Any] = {"api": api, "baseUrl": path}
        async with Fleet(folder / api, ingresses=1, workers=1, provider=provider) as fleet:
            figures += await _family(fleet, api)
    return figures


async def _family(fleet: Fleet, api: str) -> list[Figure]:
    pid = fleet.workers[0].pid
    figures = [Figure(f"{api}: idle before the first run", resident_mib(pid), "MiB")]
    first = await _cpu(fleet, 1, 1)
    await _cpu(fleet, WARM_RUNS, 1)
    idle = resident_mib(pid)
    short = await _cpu(fleet, SHORT_RUNS, 1) / SHORT_RUNS
    long = await _cpu(fleet, LONG_RUNS, LONG_TOKENS) / LONG_RUNS
    return [
        *figures,
        Figure(f"{api}: worker CPU of the first run", first * 1000, "ms"),
        Figure(f"{api}: idle after {1 + WARM_RUNS} runs", idle, "MiB"),
        Figure(f"{api}: worker CPU of a run of one token", short * 1000, "ms"),
        Figure(
            f"{api}: worker CPU per token, {LONG_TOKENS} in one write",
            max(0.0, long - short) / (LONG_TOKENS - 1) * 1e6,
            "µs",
        ),
        Figure(f"{api}: idle after all runs", resident_mib(pid), "MiB"),
    ]


async def _cpu(fleet: Fleet, runs: int, tokens: int) -> float:
    """Return the seconds of CPU that the worker spends on `runs` answers, one after another."""
    url = fleet.ingresses[0].url + "/v1/chat/completions"
    text = f"/fake burst tokens={tokens}"
    body = {"model": "openclaw", "messages": [{"role": "user", "content": text}]}
    before = cpu_seconds([fleet.workers[0].pid])
    for _ in range(runs):
        async with fleet.session.post(url, json=body, headers=fleet.headers) as answer:
            if answer.status != 200:
                raise RuntimeError(await answer.text())
            await answer.read()
    # The lease of the last run is settled behind its answer.
    await asyncio.sleep(0.2)
    return cpu_seconds([fleet.workers[0].pid]) - before
