"""Keeps the leases of one worker process: renews them together, and says which ones to stop for.

Three loops: `renew` prolongs, `control` hears of a cancellation at once, `overdue` gives up what
could not be renewed before another worker may own it. reads run:control.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.queue.held import Held
from openclaw_common.store.client import BACKOFF_CAP_S
from openclaw_common.store.job_store import JobStore

logger = logging.getLogger(__name__)

CONTROL_BLOCK_S: Final = 5.0
"""How long one wait for cancellations blocks."""


def _nobody() -> None:
    """Nobody counts."""


class LeaseKeeper:
    """The leases behind `held`, a view of what the worker executes, by job id.

    `on_given_up` is called when a lease was given up that Redis may still count as held, `lost` for
    each lease that is lost.
    """

    def __init__(
        self,
        jobs: JobStore,
        worker_id: str,
        held: Mapping[str, Held],
        *,
        renew_s: float,
        on_given_up: Callable[[], None],
        lost: Callable[[], None] = _nobody,
    ) -> None:
        self._jobs = jobs
        self._worker_id = worker_id
        self._held = held
        self._renew_s = renew_s
        self._lease_s = jobs.leases.limits.lease_ms / 1000
        self._on_given_up = on_given_up
        self._lost = lost

    def loops(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what must run for as long as the worker does."""
        return self._renew_loop(), self._control_loop(), self._overdue_loop()

    def lose(self, held: Held) -> None:
        """Stop a job whose lease is lost; nothing may be written for it any more."""
        logger.warning("lease_lost", extra={"job_id": held.job.job_id, "attempt": held.job.attempt})
        self._lost()
        held.lost = True
        if held.lease is not None:
            held.lease.lost = True
        held.interrupt()

    async def _renew_loop(self) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            try:
                await self._renew(list(self._held.values()))
                await self._jobs.expire_overdue()
            except StoreUnavailable:
                logger.warning("lease_renewal_failed", extra={"worker_id": self._worker_id})

    async def _renew(self, held: Iterable[Held]) -> None:
        renewing = [one for one in held if not (one.lost or one.settled)]
        if not renewing:
            return
        asked_at = asyncio.get_running_loop().time()
        codes = await self._jobs.leases.renew(
            self._worker_id, [(one.job.job_id, one.job.attempt) for one in renewing]
        )
        for one, code in zip(renewing, codes, strict=True):
            one.renewed_at = asked_at
            # One that ended while this was under way has no lease to renew, and lost none.
            if not one.settled and self._held.get(one.job.job_id) is one:
                self._heed(one, code)

    def _heed(self, held: Held, code: str) -> None:
        if code == "lost":
            self.lose(held)
        elif code and held.lease is not None and held.lease.cancel_reason is None:
            held.lease.cancel_reason = code
            held.interrupt()

    async def _overdue_loop(self) -> None:
        tick_s = self._renew_s / 4
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(tick_s)
            for held in list(self._held.values()):
                if not held.lost and loop.time() - held.renewed_at > self._lease_s - tick_s:
                    self.lose(held)
                    self._on_given_up()

    async def _control_loop(self) -> None:
        control = self._jobs.client.blocking()
        key = self._jobs.keys.control(self._jobs.kind.name, self._worker_id)
        try:
            while True:
                try:
                    told = await control.call(
                        "BLPOP", key, f"{CONTROL_BLOCK_S}", block_s=CONTROL_BLOCK_S
                    )
                    held = told and self._held.get(self._jobs.keys.job_id(told[1].decode()))
                    if held:
                        await self._renew([held])
                except StoreUnavailable:
                    await asyncio.sleep(BACKOFF_CAP_S)
        finally:
            await control.close()
