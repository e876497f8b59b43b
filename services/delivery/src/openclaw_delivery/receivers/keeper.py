"""Holds this process's share of the accounts. Every delivery process has one such loop.

    renew what is held, take what is free ─▶ connect, or leave off ─▶ a moment later again

A process that dies is missed when its leases run out, or at once where its supervisor gives them
back; one that drains gives them back itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.metrics.instruments import RECEIVERS_HELD
from openclaw_common.runtime.metrics.recorder import one
from openclaw_common.runtime.waiting import rest
from openclaw_common.store.receivers import Taken
from openclaw_delivery.receivers.accounts import ReceivingAccount
from openclaw_delivery.receivers.connection import Connection, ReceivingContext

GIVE_BUDGET_S: Final = 2.0
"""How long giving back is tried; the leases run out by themselves."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    connection: Connection
    task: asyncio.Task[None]


class ReceiverKeeper:
    """Receives for accounts until `stop`; `now` is a monotonic clock, in seconds."""

    def __init__(
        self,
        context: ReceivingContext,
        accounts: Mapping[str, ReceivingAccount],
        now: Callable[[], float],
    ) -> None:
        self._context = context
        self._accounts = accounts
        self._now = now
        self._held: dict[str, _Held] = {}
        self._stopping = asyncio.Event()
        context.metrics.observe(RECEIVERS_HELD, one(lambda: len(self._held)))

    @property
    def held(self) -> frozenset[str]:
        """The accounts that this process receives for."""
        return frozenset(self._held)

    def stop(self) -> None:
        """Take nothing more and leave off; `run` returns once everything is given back."""
        self._stopping.set()

    async def run(self) -> None:
        """Receive until stopped. Redis may go away and come back."""
        if not self._accounts:
            return
        limits = self._context.limits
        lease_s, renew_s = limits.receiver_lease_ms / 1000, limits.receiver_renew_ms / 1000
        until = self._now() + lease_s
        try:
            while not self._stopping.is_set():
                asked_at = self._now()
                try:
                    await self._keep(lease_s)
                    until = asked_at + lease_s
                except Exception as error:
                    # The top of the task. With its end nobody would be heard any more, and with
                    # the end of the process what it sends would be handed back.
                    if not isinstance(error, StoreUnavailable):
                        _logger.exception("accounts_not_kept")
                    if self._now() + renew_s >= until:
                        # Another process may take them from then on.
                        await self._end(list(self._held))
                await rest(renew_s, self._stopping)
        finally:
            await self._give_back()

    async def _keep(self, lease_s: float) -> None:
        context = self._context
        fences = {name: held.connection.fence for name, held in self._held.items()}
        names = list(self._accounts)
        kept = await context.leases.keep(context.process_id, names, fences, lease_s)
        await self._end(kept.lost)
        for name, taken in kept.taken.items():
            self._begin(name, taken)
        ended = [name for name, held in self._held.items() if held.task.done()]
        surplus = sorted(self._held)[: max(0, len(self._held) - kept.share)]
        leaving = {*ended, *surplus[:1]}
        if leaving:
            await self._leave(leaving)

    def _begin(self, name: str, taken: Taken) -> None:
        connection = Connection(self._context, self._accounts[name], taken.fence, taken.cursor)
        task = asyncio.create_task(connection.run(), name=f"receive-{name}")
        self._held[name] = _Held(connection, task)
        _logger.info("account_taken", extra={"account": name, "fence": taken.fence})

    async def _leave(self, names: Iterable[str]) -> None:
        """Leave accounts to others."""
        fences = {name: self._held[name].connection.fence for name in names}
        await self._end(fences)
        await self._context.leases.give(self._context.process_id, fences)

    async def _end(self, names: Iterable[str]) -> None:
        """End connections; their leases are left as they are."""
        ending = [self._held.pop(name).task for name in list(names) if name in self._held]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=self._context.limits.receiver_drain_seconds)

    async def _give_back(self) -> None:
        fences = {name: held.connection.fence for name, held in self._held.items()}
        await self._end(fences)
        try:
            async with asyncio.timeout(GIVE_BUDGET_S):
                await self._context.leases.give(self._context.process_id, fences, gone=True)
        except (StoreUnavailable, TimeoutError):
            _logger.warning("accounts_not_given_back", extra={"accounts": sorted(fences)})
