"""What one replica and one stored run take: the figures behind docs/operations.md.

CPU is told apart by process; the client and the fake provider share the machine, and are not in it.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, cpu_seconds, resident_mib
from tests.harness.fleet import Fleet
from tests.harness.processes import python, start

IDLE_STREAMS = 2000
HELD_RUNS = 400
PACED_STREAMS = 40
PACED_TOKENS = 400
PACE_MS = 20
STORED_RUNS = 2000
STORED_TOKENS = 100


async def run(folder: Path) -> list[Figure]:
    """Measure processes at rest, streams that say nothing, tokens, and stored runs."""
    worker = {"concurrency": HELD_RUNS}
    async with Fleet(folder, ingresses=1, workers=1, worker=worker) as fleet:
        return [
            *await _at_rest(fleet),
            *await _stored(fleet),
            *await _tokens(fleet),
            *await _streams(fleet),
        ]


def _pids(fleet: Fleet) -> dict[str, int]:
    return {
        "ingress": fleet.ingresses[0].process.pid,
        "agent worker": fleet.workers[0].pid,
        "supervisor": fleet.workers[0].process.pid,
        "Valkey": fleet.valkey_pid,
    }


async def _at_rest(fleet: Fleet) -> list[Figure]:
    command = python("-m", "openclaw_delivery", "--config", str(fleet.config_path))
    delivery = start("delivery", command, fleet.folder)

    async def serves() -> bool:
        async with fleet.redis() as client:
            waiting = [it for it in await client.client_list() if it["cmd"] == "blpop"]
        return len(waiting) >= 6

    try:
        await fleet.until(serves, "delivery waits for deliveries")
        pids = {**_pids(fleet), "delivery": delivery.children()[0]}
        return [
            Figure(f"resident memory at rest, {name}", resident_mib(pid), "MiB")
            for name, pid in pids.items()
        ]
    finally:
        await delivery.end()


async def _stored(fleet: Fleet) -> list[Figure]:
    """Memory that a run takes once it has ended, its stream and transcript included."""
    await _runs(fleet, 200, tokens=STORED_TOKENS)
    before = await _used(fleet)
    await _runs(fleet, STORED_RUNS, tokens=STORED_TOKENS)
    each = (await _used(fleet) - before) / STORED_RUNS / 1024
    return [Figure(f"Valkey memory of an ended run of {STORED_TOKENS} tokens", each, "KiB")]


async def _runs(fleet: Fleet, count: int, *, tokens: int) -> None:
    left = iter(range(count))

    async def client() -> None:
        for number in left:
            await _chat(fleet, f"/fake burst tokens={tokens}", f"{tokens}-{count}-{number}")

    await asyncio.gather(*(client() for _ in range(16)))


async def _used(fleet: Fleet) -> int:
    async with fleet.redis() as client:
        return int((await client.info("memory"))["used_memory"])


async def _tokens(fleet: Fleet) -> list[Figure]:
    before, begun = _cpu(fleet), time.perf_counter()
    text = f"/fake text tokens={PACED_TOKENS} delay_ms={PACE_MS}"
    await asyncio.gather(*(_chat(fleet, text, f"paced-{n}") for n in range(PACED_STREAMS)))
    seconds = time.perf_counter() - begun
    count = PACED_STREAMS * PACED_TOKENS
    after = _cpu(fleet)
    return [
        Figure("tokens relayed", count / seconds, "tokens/s"),
        *(
            Figure(
                f"CPU of a relayed token, {name}", (after[name] - before[name]) / count * 1e6, "µs"
            )
            for name in after
        ),
    ]


def _cpu(fleet: Fleet) -> dict[str, float]:
    return {name: cpu_seconds([pid]) for name, pid in _pids(fleet).items()}


async def _streams(fleet: Fleet) -> list[Figure]:
    """Memory of a stream that is open: at the ingress, and of its run at the worker."""
    pids = _pids(fleet)
    before = {name: resident_mib(pid) for name, pid in pids.items()}
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        url = f"{fleet.ingresses[0].url}/v1/runs"
        ids = []
        for number in range(HELD_RUNS):
            body = {
                "input": "/fake text tokens=4 delay_ms=60000",
                "session_key": f"agent:main:held-{number}",
            }
            async with session.post(url, json=body, headers=fleet.headers) as answer:
                ids.append((await answer.json())["id"])
        held = {name: resident_mib(pid) for name, pid in pids.items()}
        opened = await asyncio.gather(
            *(
                session.get(f"{url}/{ids[n % HELD_RUNS]}/events", headers=fleet.headers)
                for n in range(IDLE_STREAMS)
            )
        )
        await asyncio.gather(*(answer.content.readany() for answer in opened))
        after = {name: resident_mib(pid) for name, pid in pids.items()}
        for answer in opened:
            answer.close()
    run_kib = (held["agent worker"] - before["agent worker"]) / HELD_RUNS * 1024
    stream_kib = (after["ingress"] - held["ingress"]) / IDLE_STREAMS * 1024
    return [
        Figure("agent worker's memory of a run in progress", run_kib, "KiB"),
        Figure("ingress' memory of an open stream", stream_kib, "KiB"),
        Figure(f"resident memory, ingress with {IDLE_STREAMS} streams", after["ingress"], "MiB"),
        Figure(
            f"resident memory, agent worker with {HELD_RUNS} runs", after["agent worker"], "MiB"
        ),
    ]


async def _chat(fleet: Fleet, text: str, user: str) -> None:
    body = {
        "model": "openclaw",
        "stream": True,
        "user": user,
        "messages": [{"role": "user", "content": text}],
    }
    url = fleet.ingresses[0].url + "/v1/chat/completions"
    async with fleet.session.post(url, json=body, headers=fleet.headers) as answer:
        raw = await answer.read()
        assert answer.status == 200, raw
        assert b"tok" in raw
