"""The job function of the run queue."""

from __future__ import annotations

from typing import Any, Final

from openclaw_agent_worker.attempt import execute
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.outcome_span import note_outcome
from openclaw_common.store.leases import Lease

CONTEXT: Final = "worker_context"
"""Where the worker's context stands in arq's."""


async def execute_run(ctx: dict[str, Any], run_id: str) -> None:
    """Execute one run; `ctx` holds the worker's context and the lease of this attempt."""
    context: WorkerContext = ctx[CONTEXT]
    lease: Lease = ctx["lease"]
    outcome = await execute(context, lease)
    note_outcome(outcome)
