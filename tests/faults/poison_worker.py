"""The agent worker with a run that kills it: whoever executes a message with `/poison` dies.

As an extension that crashes the interpreter would: by SIGKILL, in the middle of the turn.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from openclaw_agent_worker import __main__ as service
from openclaw_agent_worker.attempt import Outcome
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.jobs import execute_run
from openclaw_common.queue.supervisor import supervise
from openclaw_common.store.leases import Lease

POISON = b"/poison"
LIVES_S = 0.3
"""How long a worker lives with the run, so that it has others beside it."""

_execute = execute_run.execute


async def _execute_poisoned(context: WorkerContext, lease: Lease) -> Outcome:
    if POISON in lease.payload:
        await asyncio.sleep(LIVES_S)
        os.kill(os.getpid(), signal.SIGKILL)
    return await _execute(context, lease)


async def _supervise_this(
    child: Callable[[str], Sequence[str]],
    release_worker: Callable[[str], Awaitable[int]],
    **options: Any,
) -> int:
    def command(worker_id: str) -> list[str]:
        return [__spec__.name if w == service.__package__ else w for w in child(worker_id)]

    return await supervise(command, release_worker, **options)


execute_run.execute = _execute_poisoned
service.supervise = _supervise_this

if __name__ == "__main__":
    sys.exit(service.main())
