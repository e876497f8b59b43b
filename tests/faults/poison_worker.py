"""The agent worker with a run that kills it: whoever executes a message with `/poison` dies.

As an extension that crashes the interpreter would: by SIGKILL, in the middle of the turn.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from openclaw_agent_worker.__main__ import program
from openclaw_agent_worker.attempt import Outcome
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.jobs import execute_run
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


execute_run.execute = _execute_poisoned

if __name__ == "__main__":
    sys.exit(program(__spec__.name).run(None, os.environ))
