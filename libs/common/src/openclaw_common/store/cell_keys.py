"""Idempotency keys over several cells: a key stands for one body and one job in all of them.

A job's own cell keeps its key as a single cell does. Where that is not the founding cell of the
key's name, that one keeps beside it which body the key stands for and in which cell its job is, and
is asked first. So a body whose session is in another cell meets the same record.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from openclaw_common.contracts.errors import IdempotencyConflict
from openclaw_common.store.admission import Idempotency, Replayed
from openclaw_common.store.cells import Cells
from openclaw_common.store.job_store import JobStore

LOOK_S: Final = 0.02
"""How often it is looked whether a job that is about to be accepted elsewhere is."""
DAY_MS: Final = 86_400_000
"""How long a job may take, in ms: longer than its own cell, the key's keeps what it stands for."""


async def job_elsewhere(cells: Cells, jobs: JobStore, idempotency: Idempotency) -> Replayed | None:
    """Return the job that the key stands for already in another cell, None for none.

    In that case a job in the cell of `jobs` may be admitted under the key, and nobody else's.
    Raises IdempotencyConflict, StoreUnavailable.
    """
    digest = idempotency.digest()
    checked = ""
    while True:
        reply = await _register(cells, jobs, idempotency, checked)
        match reply[0]:
            case b"registered":
                return None
            case b"conflict":
                raise IdempotencyConflict
            case b"replayed":
                return Replayed(reply[1].decode())
        store = cells.stores[int(reply[1])]
        found = await store.client.execute("HGET", store.keys.idempotency(digest), "id")
        if found:
            return Replayed(found.decode())
        if checked:
            # Whoever registered it may still be accepting it.
            await asyncio.sleep(LOOK_S)
        checked = reply[1].decode()


async def _register(
    cells: Cells, jobs: JobStore, idempotency: Idempotency, checked: str
) -> list[Any]:
    digest = idempotency.digest()
    home = cells.named(digest)
    keep_ms = idempotency.keep_ms or jobs.scripts.retention.idempotency_ms
    never_after_ms = round(2000 * jobs.client.timeout_s)
    reply: list[Any] = await home.scripts.call(
        "register_key",
        (idempotency.fingerprint, jobs.keys.number, keep_ms + DAY_MS, checked, never_after_ms),
        (home.keys.idempotency(digest),),
    )
    return reply
