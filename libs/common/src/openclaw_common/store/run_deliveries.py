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
        client, keys = self.client, self.keys
        listing = [client.submit("ZRANGE", keys.of_run(run_id), 0, MOST - 1) for run_id in run_ids]
        reading = []
        for members in listing:
            ids = [member.decode() for member in await client.settle(members)]
            reading.append(
                [
                    (known, client.submit("HMGET", keys.record(DELIVERY, known), "status", "tries"))
                    for known in ids
                ]
            )
        found = []
        for records in reading:
            states = []
            for known, record in records:
                status, tries = await client.settle(record)
                if status is not None:
                    states.append((known, stored_status(status.decode(), int(tries or 0))))
            found.append(states)
        return found
