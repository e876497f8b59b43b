"""Sessions and runs as tools see them, over the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from openclaw_agent_worker.tools.services import SessionSummary
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunStatus
from openclaw_common.queue.job_queue import Idempotency, RunQueue
from openclaw_common.store.session_steps import SessionFilter
from openclaw_common.store.store import Store

IDEMPOTENCY_SCOPE: Final = "tool-call"
POLL_S: Final = 0.25
_FIELDS: Final = ("agent_id", "created_ms", "updated_ms", "messages")


class StoredSessions:
    """A SessionDirectory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, session_key: str) -> SessionSummary | None:
        """See SessionDirectory.find."""
        key = self._store.keys.session(session_key)
        values = await self._store.client.execute("HMGET", key, *_FIELDS)
        if values[0] is None:
            return None
        agent_id, created, updated, messages = (
            value.decode() if value else "0" for value in values
        )
        return SessionSummary(session_key, agent_id, int(created), int(updated), int(messages))

    async def newest(self, prefix: str, limit: int) -> Sequence[SessionSummary]:
        """See SessionDirectory.newest."""
        summaries: list[SessionSummary] = []
        place, more = None, True
        while more and len(summaries) < limit:
            page = await self._store.session_steps.page(
                SessionFilter(prefix=prefix), limit - len(summaries), place=place
            )
            summaries += (
                SessionSummary(
                    key,
                    session.agent_id,
                    session.created_ms,
                    session.updated_ms,
                    session.messages,
                )
                for key, session in page.sessions
            )
            place, more = page.last, page.more
        return summaries

    async def transcript(self, session_key: str) -> list[bytes]:
        """See SessionDirectory.transcript."""
        return await self._store.sessions.transcript(session_key)


class QueuedRuns:
    """A RunStarter."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = RunQueue(store)

    async def start(self, request: RunRequest, *, call_id: str) -> str:
        """See RunStarter.start."""
        fingerprint = sha256(request.encode()).hexdigest()
        outcome = await self._queue.submit(
            new_run_id(), request, idempotency=Idempotency(IDEMPOTENCY_SCOPE, call_id, fingerprint)
        )
        return outcome.id

    async def output(self, run_id: str, wait_s: float) -> str | None:
        """See RunStarter.output."""
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    record = await self._store.runs.get(run_id)
                    if record is None or record.status.terminal:
                        break
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return None
        if record is None or record.status is not RunStatus.COMPLETED or record.result is None:
            return None
        return record.result.output
