"""The processes of the supervisor's tests: `supervise URL CHILD`, and the worker as such a child.

CHILD is `worker`, or the Python text of a child that has `worker_id` and the list `say`'s function
`say(text)`, which appends to the Redis list `said`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import redis
from arq.worker import func

from openclaw_common.queue.job_queue import EXECUTE_RUN
from openclaw_common.queue.supervisor import supervise
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.store import Store
from tests.integration.queue.support import finish
from tests.integration.store.support import LONG_LEASE


async def supervising(url: str, child: str) -> int:
    store = await Store.connect(Redis(url=url), LONG_LEASE, role="supervisor")
    try:
        return await supervise(
            lambda worker_id: [sys.executable, "-m", __spec__.name, "child", url, child, worker_id],
            store.leases.release_worker,
        )
    finally:
        await store.close()


async def execute(ctx: dict[str, Any], run_id: str) -> None:
    """Complete every attempt but the first, which waits to be killed."""
    lease = ctx["lease"]
    if lease.attempt == 1:
        ctx["say"](str(os.getpid()))
        await asyncio.Event().wait()
    await finish(lease)


async def working(url: str, worker_id: str, say: Any) -> None:
    store = await Store.connect(Redis(url=url), LONG_LEASE, role="worker")
    worker = LaneWorker(
        [func(execute, name=EXECUTE_RUN)],
        jobs=store.run_jobs,
        worker_id=worker_id,
        concurrency=4,
        renew_ms=20_000,
        ctx={"say": say},
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.async_run()
    await store.close()


def child(url: str, text: str, worker_id: str) -> None:
    client = redis.Redis.from_url(url)

    def say(words: str) -> None:
        client.rpush("said", words)

    if text == "worker":
        asyncio.run(working(url, worker_id, say))
    else:
        exec(text, {"say": say, "worker_id": worker_id})


if __name__ == "__main__":
    if sys.argv[1] == "child":
        child(*sys.argv[2:])
    else:
        sys.exit(asyncio.run(supervising(*sys.argv[2:])))
