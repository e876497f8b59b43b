"""Delivery records: reading one or a page of them, cancelling one, replaying one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from openclaw_common.contracts.delivery import (
    DeliveryRequest,
    DeliveryStatus,
    Destination,
)
from openclaw_common.contracts.delivery_history import DeliveryHistory
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.pages import Page, Place, Stretch, place_of, read_page
from openclaw_common.store.run_stream import parse_entries
from openclaw_common.store.runs import CancelOutcome

EVENTS_READ: Final = 1000
"""Events of one delivery that are read at once."""
_FIELDS: Final = (
    "status",
    "attempt",
    "tries",
    "payload",
    "created_ms",
    "started_ms",
    "ended_ms",
    "trace_id",
)
_WAITING: Final = {DeliveryStatus.PENDING: "0", DeliveryStatus.RETRYING: "1"}
_INDEX: Final = "index"


class ReplayOutcome(StrEnum):
    """What a replay found."""

    REPLAYED = "replayed"
    """It waits in its lane again."""
    NOT_REPLAYABLE = "not_replayable"
    """It has not failed."""
    MISSING = "missing"
    """No such delivery."""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery as it stands in Redis; times are Unix milliseconds by Redis' clock.

    `attempt` counts the attempts that a process began, also those that only waited.
    """

    id: str
    status: DeliveryStatus
    attempt: int
    request: DeliveryRequest
    created_ms: int
    started_ms: int | None
    ended_ms: int | None
    history: DeliveryHistory
    trace_id: str | None = None

    @property
    def destination(self) -> Destination:
        """Where it goes."""
        return self.request.destination


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """The trace that a delivery was accepted in, and the run that caused it; empty for none."""

    trace_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries are wanted; None for any. `created_after_ms` is exclusive."""

    status: DeliveryStatus | None = None
    channel: str | None = None
    to: str | None = None
    run_id: str | None = None
    created_after_ms: int | None = None
    tenant: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The fields of a record and the values that they must have."""
        pairs = [
            (name, value)
            for name, value in (
                ("channel", self.channel),
                ("to", self.to),
                ("tenant", self.tenant),
            )
            if value is not None
        ]
        if self.status in _WAITING:
            pairs += (("status", "queued"), ("tried", _WAITING[self.status]))
        elif self.status is DeliveryStatus.SENDING:
            pairs.append(("status", "in_progress"))
        elif self.status is not None:
            pairs.append(("status", self.status.value))
        return pairs


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Delivery records of one cell. Every call raises StoreUnavailable."""

    scripts: JobScripts

    async def get(self, delivery_id: str) -> DeliveryRecord | None:
        """Return a delivery with its history, None for an unknown or forgotten one."""
        (record,) = await self.get_all([delivery_id])
        return record

    async def get_all(self, delivery_ids: Sequence[str]) -> list[DeliveryRecord | None]:
        """Return several deliveries, in one round trip where their histories are short."""
        client, keys, kind = self.scripts.client, self.scripts.keys, self.scripts.kind
        reading = [
            (
                delivery_id,
                client.submit("HMGET", keys.record(kind, delivery_id), *_FIELDS),
                client.submit(
                    "XRANGE", keys.events(kind, delivery_id), "-", "+", "COUNT", EVENTS_READ
                ),
            )
            for delivery_id in delivery_ids
        ]
        found: list[DeliveryRecord | None] = []
        for delivery_id, record, events in reading:
            values = dict(zip(_FIELDS, await client.settle(record), strict=True))
            entries = await client.settle(events)
            if values["status"] is None or values["payload"] is None:
                found.append(None)
            else:
                history = await self._history(delivery_id, entries)
                found.append(_record(delivery_id, values, history))
        return found

    async def trace(self, delivery_id: str) -> DeliveryTrace:
        """Return what belongs to a delivery's trace, empty where nothing is known."""
        key = self.scripts.keys.record(self.scripts.kind, delivery_id)
        found = await self.scripts.client.execute("HMGET", key, "trace_id", "run_id")
        return DeliveryTrace(*((value or b"").decode() for value in found))

    async def history(self, delivery_id: str) -> DeliveryHistory:
        """Return what became of a delivery so far."""
        return await self._history(delivery_id, await self._events(delivery_id, "-"))

    async def _history(self, delivery_id: str, entries: Any) -> DeliveryHistory:
        # To the last one: a receipt that is not seen is a part that is sent again.
        history = DeliveryHistory()
        while entries:
            for event in parse_entries(entries, 0):
                history.add(event)
            if len(entries) < EVENTS_READ:
                break
            entries = await self._events(delivery_id, f"({entries[-1][0].decode()}")
        return history

    async def _events(self, delivery_id: str, start: str) -> Any:
        key = self.scripts.keys.events(self.scripts.kind, delivery_id)
        return await self.scripts.client.execute("XRANGE", key, start, "+", "COUNT", EVENTS_READ)

    async def page(
        self,
        wanted: DeliveryFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> Page:
        """Return the places of up to `limit` deliveries behind `place`, newest first.

        With `newer` those that are newer than `place`, the nearest first.
        """
        after_ms = wanted.created_after_ms
        since_ms = None if after_ms is None else after_ms + 1
        stretch = Stretch(place, newer, since_ms, filters=wanted.pairs())
        return await read_page(self.scripts, _suffix(wanted.run_id), stretch, limit)

    async def place_of(self, delivery_id: str, run_id: str | None = None) -> Place | None:
        """Return where a delivery stands in the list, None if it is in none."""
        return await place_of(self.scripts, _suffix(run_id), delivery_id)

    async def cancel(self, delivery_id: str, reason: str = "user") -> CancelOutcome:
        """Cancel a delivery: at once when it waits, after the part under way when it is sent."""
        return CancelOutcome((await self.scripts.call("cancel", (delivery_id, reason))).decode())

    async def replay(self, delivery_id: str, arq_job: bytes, mark: str) -> ReplayOutcome:
        """Put a delivery that failed back into its lane; sent again with its `mark` it is one."""
        reply = await self.scripts.call("replay", (delivery_id, arq_job, mark))
        return ReplayOutcome(reply.decode())


def _suffix(run_id: str | None) -> str:
    return _INDEX if run_id is None else f"of:{run_id}"


def _record(
    delivery_id: str, values: dict[str, bytes | None], history: DeliveryHistory
) -> DeliveryRecord:
    request = DeliveryRequest.decode(values["payload"] or b"")
    return DeliveryRecord(
        id=delivery_id,
        status=stored_status((values["status"] or b"").decode(), int(values["tries"] or 0)),
        attempt=int(values["attempt"] or 0),
        request=request,
        created_ms=int(values["created_ms"] or 0),
        started_ms=_time(values["started_ms"]),
        ended_ms=_time(values["ended_ms"]),
        history=history,
        trace_id=(values["trace_id"] or b"").decode() or None,
    )


def stored_status(stored: str, tries: int) -> DeliveryStatus:
    """Return the status that a record's fields `status` and `tries` say."""
    if stored == "queued":
        return DeliveryStatus.RETRYING if tries else DeliveryStatus.PENDING
    if stored == "in_progress":
        return DeliveryStatus.SENDING
    return DeliveryStatus(stored)


def _time(value: bytes | None) -> int | None:
    return int(value) or None if value else None
