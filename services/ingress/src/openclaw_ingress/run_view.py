"""A run and its events in the words of run-api.md §4.2 and §4.3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from openclaw_common.contracts.run_event import MESSAGE_DELTA, RunEvent
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.sse import frame


def run_object(record: RunRecord) -> dict[str, Any]:
    """Return the `run` object; times are Unix seconds. What is not known yet is null."""
    result = record.result
    reason = result.incomplete_reason if result else None
    started_ms = record.started_ms
    body: dict[str, Any] = {
        "id": record.id,
        "object": "run",
        "status": record.status.value,
        "agent_id": record.agent_id,
        "session_key": record.session_key,
        "source": record.source,
        "model": record.model,
        "attempt": record.attempt,
        "created_at": record.created_ms // 1000,
        "started_at": _seconds(started_ms),
        "completed_at": _seconds(record.ended_ms),
        "expires_at": _seconds(record.expires_ms),
        "output": result.output if result else None,
        "usage": result.usage.to_wire() if result else None,
        "last_error": record.error.to_wire() if record.error else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "last_sequence_number": record.last_sequence,
        "queue_position": record.queue_position,
        "queue_wait_ms": None if started_ms is None else max(0, started_ms - record.created_ms),
    }
    if record.cancel_reason is not None:
        body["cancel_reason"] = record.cancel_reason
    if record.idempotency_key is not None:
        body["idempotency_key"] = record.idempotency_key
    if record.retry_of is not None:
        body["retry_of"] = record.retry_of
    return body


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
    """The native event stream of one run for one client, behind sequence `after`."""

    def __init__(self, run_id: str, *, after: int) -> None:
        self._run_id = run_id
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
            frames.append(frame(self._data(event), event_id=event.sequence, event=event.type))
        return b"".join(frames)

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


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000
