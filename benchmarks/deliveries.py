"""Deliveries: how many a second, and how soon after a run the platform is asked.

The platform is the fake Telegram in a process of its own, the paces are far above what is reached.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.figures import Figure, cpu_seconds, percentile
from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import DeliveryQueue, RunQueue
from openclaw_common.store.leases import Lease
from tests.fakes.channels.telegram import TOKEN
from tests.harness.post_office import PostOffice
from tests.harness.processes import free_port, python, start

DELIVERIES = 4000
STARTS = 300
WARM_UP = 20
SWIFT = 100_000
TICK_S = 0.005


async def run(folder: Path) -> list[Figure]:
    """Measure throughput with one process and with two, and the way from a run to the platform."""
    figures = []
    for processes in (1, 2):
        async with AsyncExitStack() as stack:
            office, _ = await _office(stack, folder / str(processes), processes)
            figures += await _throughput(office, processes)
    async with AsyncExitStack() as stack:
        office, platform = await _office(stack, folder / "latency", 1)
        figures += await _latency(office, platform)
    return figures


async def _office(stack: AsyncExitStack, folder: Path, processes: int) -> tuple[PostOffice, str]:
    folder.mkdir(parents=True)
    port = free_port()
    command = python("-m", "tests.fakes.channels.telegram", "--port", str(port))
    platform = start("telegram", command, folder)
    stack.push_async_callback(platform.end)
    url = f"http://127.0.0.1:{port}"
    await _answers(url)
    swift = {"botPerSecond": SWIFT, "botBurst": SWIFT, "chatPerSecond": SWIFT, "chatBurst": SWIFT}
    office = PostOffice(
        folder,
        channels={"telegram": {"botToken": TOKEN, "apiRoot": url, **swift}},
        processes=processes,
    )
    return await stack.enter_async_context(office), url


async def _throughput(office: PostOffice, processes: int) -> list[Figure]:
    # The processes are paused while the queue is filled, so that all begin at once.
    office.signal(signal.SIGSTOP)
    for begin in range(0, DELIVERIES, 200):
        wanted = range(begin, begin + 200)
        await asyncio.gather(*(office.submit(_to(number), "done") for number in wanted))
    pids = office.children()
    before, begun = cpu_seconds(pids), time.perf_counter()
    office.signal(signal.SIGCONT)
    while await office.open():
        await asyncio.sleep(TICK_S)
    seconds, cpu = time.perf_counter() - begun, cpu_seconds(pids) - before
    name = f"{processes} process(es)"
    return [
        Figure(f"deliveries, {name}", DELIVERIES / seconds, "deliveries/s"),
        Figure(f"CPU of a delivery, {name}", cpu / DELIVERIES * 1000, "ms"),
    ]


async def _latency(office: PostOffice, platform: str) -> list[Figure]:
    ended = [await _end_run(office, number) for number in range(STARTS + WARM_UP)]
    async with aiohttp.ClientSession() as session, session.get(f"{platform}/_attempts") as answer:
        attempts = (await answer.json())["attempts"]
    asked = {attempt["to"]: attempt["at"] for attempt in attempts}
    times = [
        (asked[_to(number).to] - at) * 1000 for number, at in enumerate(ended) if number >= WARM_UP
    ]
    return [
        Figure(f"from the end of a run to the platform's request, {name}", value, "ms")
        for name, value in (
            ("p50", percentile(times, 0.5)),
            ("p99", percentile(times, 0.99)),
            ("max", max(times)),
        )
    ]


async def _end_run(office: PostOffice, number: int) -> float:
    """Finish a run that causes a delivery; return the time just before, in Unix seconds."""
    store = office.store
    run_id = new_run_id()
    request = RunRequest("main", f"s{number}", "api", "openclaw", Turn("user", "hi"))
    await RunQueue(store).submit(run_id, request)
    (job,) = (await store.leases.claim("benchmark", 1, idle=True)).jobs
    delivery = DeliveryQueue(store).prepare(DeliveryRequest(_to(number), "done", run_id=run_id))
    at = time.time()
    await Lease.of(store.leases, "benchmark", job).finish(
        RunStatus.COMPLETED,
        events=[(RUN_COMPLETED, b"{}")],
        result=RunResult("done"),
        effects=[delivery],
    )
    while await office.open():
        await asyncio.sleep(TICK_S)
    return at


def _to(number: int) -> Destination:
    return Destination("telegram", str(1000 + number))


async def _answers(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/_accepted") as answer:
                    body: Any = json.loads(await answer.read())
                    assert "accepted" in body
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
