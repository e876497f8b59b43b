"""Which deliveries runs caused, and how those stand; without their histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.store.client import RedisClient
from openclaw_common.store.deliveries import stored_status
from openclaw_common.store.keys import DELIVERY, Keys

MOST: Final = 100
"""Deliveries of one run that are looked at."""


@dataclass(frozen=True, slots=True)
class RunDeliveries:
    """Deliveries by the run that caused them. Every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def of_runs(self, run_ids: Sequence[str]) -> list[list[tuple[str, DeliveryStatus]]]:
        """Return id and status of each run's deliveries, oldest first, in two round trips."""
        ids = await self.ids_of_runs(run_ids)
        flat = [known for of_run in ids for known in of_run]
        statuses = dict(zip(flat, await self.statuses(flat), strict=True))
        found = []
        for of_run in ids:
            states = [(known, statuses[known]) for known in of_run]
            found.append([(known, status) for known, status in states if status is not None])
        return found

    async def ids_of_runs(self, run_ids: Sequence[str]) -> list[list[str]]:
        """Return the ids of each run's deliveries, oldest first."""
        client, keys = self.client, self.keys
        listing = [client.submit("ZRANGE", keys.of_run(run_id), 0, MOST - 1) for run_id in run_ids]
        return [[member.decode() for member in await client.settle(members)] for members in listing]

    async def statuses(self, delivery_ids: Sequence[str]) -> list[DeliveryStatus | None]:
        """Return how deliveries stand, None for those without a record."""
        client, keys = self.client, self.keys
        reading = [
            client.submit("HMGET", keys.record(DELIVERY, known), "status", "tries")
            for known in delivery_ids
        ]
        found: list[DeliveryStatus | None] = []
        for record in reading:
            status, tries = await client.settle(record)
            found.append(
                None if status is None else stored_status(status.decode(), int(tries or 0))
            )
        return found

    async def note(self, run_id: str, delivery_id: str, now_ms: int, keep_ms: int) -> None:
        """Note that a run caused a delivery which is in another cell."""
        key = self.keys.of_run(run_id)
        self.client.submit("ZADD", key, now_ms, delivery_id)
        await self.client.execute("PEXPIRE", key, keep_ms)
