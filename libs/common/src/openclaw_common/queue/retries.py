"""Asking again what a run was asked: a new run with the same request, linked to the old one."""

from __future__ import annotations

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.queue.job_trace import first_attempt
from openclaw_common.store.admission import Admitted, Idempotency, Replayed
from openclaw_common.store.requests import stored_request
from openclaw_common.store.store import Store


async def ask_again(
    store: Store, run_id: str, *, idempotency: Idempotency | None = None
) -> Admitted | Replayed | None:
    """Accept a run with the request and the metadata of `run_id`, None for no record of it.

    It waits for what is in its session, whatever the old run's strategy was. Messages that the old
    one had collected are its message. Raises IdempotencyConflict, QueueFull, StoreUnavailable.
    """
    stored = await stored_request(store.of(run_id).scripts, run_id)
    if stored is None:
        return None
    return await RunQueue(store).submit(
        new_run_id(),
        stored.request,
        idempotency=idempotency,
        retry_of=run_id,
        metadata=stored.metadata,
        repeats=first_attempt(stored.trace_id, run_id),
    )
