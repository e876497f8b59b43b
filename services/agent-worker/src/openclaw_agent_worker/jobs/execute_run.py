"""The job function of the run queue."""

from __future__ import annotations

from typing import Any, Final

from openclaw_agent_worker.attempt import Failed, execute
from openclaw_agent_worker.context import WorkerContext
from openclaw_common.queue.job_trace import note_outcome
from openclaw_common.store.leases import Lease

CONTEXT: Final = "worker_context"
"""Where the worker's context stands in arq's."""


async def execute_run(ctx: dict[str, Any], run_id: str) -> None:
    """Execute one run; `ctx` holds the worker's context and the lease of this attempt."""
    context: WorkerContext = ctx[CONTEXT]
    lease: Lease = ctx["lease"]
    outcome = await execute(context, lease)
    error = outcome.error.code or outcome.error.type if isinstance(outcome, Failed) else ""
    note_outcome(type(outcome).__name__.lower(), error=error)
