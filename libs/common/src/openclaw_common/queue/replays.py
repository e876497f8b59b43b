"""Putting dead letters back: a delivery into its lane, a run as a new run with the same request."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from openclaw_common.contracts.ids import DELIVERY_PREFIX
from openclaw_common.queue.job_queue import DELIVER, arq_job
from openclaw_common.queue.job_trace import JobTrace, first_attempt, start_send
from openclaw_common.queue.retries import ask_again
from openclaw_common.runtime import tracing
from openclaw_common.store.admission import Idempotency
from openclaw_common.store.client import retry_while_unavailable
from openclaw_common.store.deliveries import ReplayOutcome
from openclaw_common.store.store import Store

_SCOPE = "dead-letter-replay"
_BUDGET_S = 3.0
"""How long a step whose answer was lost is asked again."""


@dataclass(frozen=True, slots=True)
class ReplayedLetter:
    """What a dead letter became: the delivery itself, or the new run."""

    run_id: str | None = None
    delivery_id: str | None = None


class Replays:
    """Replays one dead letter at a time. Every call raises StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def delivery(self, delivery_id: str) -> ReplayOutcome:
        """Put a delivery that failed back into its lane, behind what waits there."""
        deliveries, mark = self._store.deliveries, uuid.uuid4().hex
        known = await deliveries.trace(delivery_id)
        with tracing.within(start_send("delivery", delivery_id, known.run_id)):
            repeats = first_attempt(known.trace_id, delivery_id)
            job = arq_job(DELIVER, delivery_id, JobTrace.here(repeats, run_id=known.run_id))
            return await retry_while_unavailable(
                lambda: deliveries.replay(delivery_id, job, mark), budget_s=_BUDGET_S
            )

    async def run(self, run_id: str) -> str | None:
        """Start a run with the request of a dead one; returns its id, None for no dead letter.

        However often it is called, one dead letter becomes one run. Raises QueueFull.
        """
        letters = self._store.dead_letters
        if await letters.place_of(run_id) is None:
            return None
        once = Idempotency(_SCOPE, run_id, "")
        accepted = await ask_again(self._store, run_id, idempotency=once)
        if accepted is None:
            return None
        await letters.forget(run_id)
        return accepted.id

    async def letter(self, letter_id: str) -> ReplayedLetter | None:
        """Replay a dead letter of either kind; None for what is none. Raises QueueFull."""
        if not letter_id.startswith(DELIVERY_PREFIX):
            run_id = await self.run(letter_id)
            return ReplayedLetter(run_id=run_id) if run_id else None
        letters = self._store.of(letter_id).delivery_jobs.dead_letters
        if await letters.place_of(letter_id) is None:
            return None
        if await self.delivery(letter_id) is not ReplayOutcome.REPLAYED:
            return None
        return ReplayedLetter(delivery_id=letter_id)
