"""A run and its events in the words of run-api.md §4.2 and §4.3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.run_event import MESSAGE_DELTA, RunEvent
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.schemas.run_object import RunObject
from openclaw_ingress.sse import frame
from openclaw_ingress.tenancy import shown


def run_object(
    record: RunRecord,
    deliveries: Sequence[tuple[str, DeliveryStatus]] = (),
    *,
    max_attempts: int,
) -> RunObject:
    """Return the `run` object; times are Unix seconds. What is not known yet is null."""
    result = record.result
    reason = result.incomplete_reason if result else None
    started_ms = record.started_ms
    wait_ms = None if started_ms is None else max(0, started_ms - record.created_ms)
    body: RunObject = {
        "id": record.id,
        "object": "run",
        "status": _status(record),
        "agent_id": record.agent_id,
        "session_key": shown(record.session_key),
        "source": record.source,
        "model": record.model,
        "attempt": record.attempt,
        "max_attempts": max_attempts,
        "created_at": record.created_ms // 1000,
        "queued_at": record.created_ms // 1000,
        "started_at": _seconds(started_ms),
        "completed_at": _seconds(record.ended_ms),
        "expires_at": _seconds(record.expires_ms),
        "output": result.output if result else None,
        "usage": result.usage.to_wire() if result else None,
        "last_error": record.error.to_wire() if record.error else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "last_sequence_number": record.last_sequence,
        "queue_position": record.queue_position,
        "queue_wait_ms": wait_ms,
        "time_to_first_token_ms": _first_token_ms(record, wait_ms),
        "delivery": {
            "requested": record.delivers,
            "status": _delivery_status(record, deliveries),
            "ids": [delivery_id for delivery_id, _ in deliveries],
        },
        "multitask_strategy": record.strategy,
        "metadata": dict(record.metadata),
        "idempotency_key": record.idempotency_key,
        "retry_of": record.retry_of,
        "trace_id": record.trace_id,
    }
    if record.cancel_reason is not None:
        body["cancel_reason"] = record.cancel_reason
    return body


def _status(record: RunRecord) -> str:
    if record.status is RunStatus.IN_PROGRESS and record.cancel_reason is not None:
        return "cancelling"
    return record.status.value


def _first_token_ms(record: RunRecord, wait_ms: int | None) -> int | None:
    result = record.result
    if wait_ms is None or result is None or result.first_text_ms is None or record.attempt != 1:
        return None
    return wait_ms + result.first_text_ms


def _delivery_status(
    record: RunRecord, deliveries: Sequence[tuple[str, DeliveryStatus]]
) -> str | None:
    """The one that says most: what failed, else what is under way, else what went well."""
    statuses = [status for _, status in deliveries]
    if not statuses:
        waits = record.delivers and not record.status.terminal
        return DeliveryStatus.PENDING.value if waits else None
    return min(statuses, key=_TELLING.index).value


def events_page(run_id: str, events: Sequence[RunEvent], *, has_more: bool) -> dict[str, Any]:
    """Return a page of events as a list object; `last_id` is the next page's `starting_after`."""
    return {
        "object": "list",
        "data": [event.to_wire(run_id) for event in events],
        "first_id": events[0].sequence if events else None,
        "last_id": events[-1].sequence if events else None,
        "has_more": has_more,
    }


class RunEventsView:
    """The native event stream of one run for one client, behind sequence `after`.

    `id_prefix` stands in front of the sequence in each frame's id.
    """

    def __init__(self, run_id: str, *, after: int, id_prefix: str = "") -> None:
        self._run_id = run_id
        self._id_prefix = id_prefix
        self._after = after
        self._run = b',"run_id":%s,"attempt":' % orjson.dumps(run_id)
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the terminal event was written."""
        return self._ended

    def encode(self, events: Iterable[RunEvent]) -> bytes:
        """Return the frames of a batch of events, joined.

        Where the first of them are missing, a `stream_truncated` event says which is the first.
        """
        frames: list[bytes] = []
        for event in events:
            if event.sequence > self._after + 1:
                frames.append(self._truncated(event.sequence))
            self._after = event.sequence
            self._ended = event.terminal
            frames.append(frame(self._data(event), event_id=self._id(event), event=event.type))
        return b"".join(frames)

    def _id(self, event: RunEvent) -> int | str:
        return f"{self._id_prefix}{event.sequence}" if self._id_prefix else event.sequence

    def _data(self, event: RunEvent) -> bytes:
        if event.type != MESSAGE_DELTA:
            return orjson.dumps(event.to_wire(self._run_id))
        # Never decoded: the members of the most frequent event go in as they stand.
        return b'{"type":"message.delta","sequence_number":%d%s%d,%s' % (
            event.sequence,
            self._run,
            event.attempt,
            event.data[1:],
        )

    def _truncated(self, first_available: int) -> bytes:
        data = {
            "type": "stream_truncated",
            "run_id": self._run_id,
            "first_available": first_available,
        }
        return frame(orjson.dumps(data), event="stream_truncated")


_TELLING: Final = (
    *(DeliveryStatus.DEAD, DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN),
    *(DeliveryStatus.RETRYING, DeliveryStatus.SENDING, DeliveryStatus.PENDING),
    *(DeliveryStatus.CANCELLED, DeliveryStatus.DELIVERED, DeliveryStatus.SUPPRESSED),
)


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000
