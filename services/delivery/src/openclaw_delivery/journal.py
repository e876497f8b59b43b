"""What an attempt writes down: each fact stands in the delivery's stream before it is acted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from openclaw_channels.base import RateLimited, Receipt, SendFailure
from openclaw_common.contracts.delivery import (
    PART_FAILED,
    PART_SENT,
    PART_STARTED,
    DeliveryStatus,
)
from openclaw_common.contracts.delivery_history import (
    DELIVERY_WAITING,
    DeliveryHistory,
    Outcome,
)
from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.tracing import current_trace_id
from openclaw_common.store.leases import Event, Lease
from openclaw_delivery.backoff import Retry


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes under `lease`, and keeps `history` in step. Every call raises LeaseLost."""

    lease: Lease
    history: DeliveryHistory
    clock: Clock

    def now_ms(self) -> int:
        """Unix ms by this host's clock; for people, and to wait no shorter than asked."""
        return int(self.clock.wall() * 1000)

    async def started(
        self, part: int, parts: int, cut: str, *, repeated: bool, edits: str | None = None
    ) -> None:
        """The platform is about to be asked for a part, perhaps for the second time.

        `edits` is the message that it is put into.
        """
        data: dict[str, Any] = {"part": part, "parts": parts, "cut": cut, "at_ms": self.now_ms()}
        if repeated:
            data["repeated"] = True
        if edits is not None:
            data["edits"] = edits
        if (trace_id := current_trace_id()) is not None:
            data["trace_id"] = trace_id
        await self._publish(PART_STARTED, data)

    async def sent(self, part: int, receipt: Receipt, *, last: bool, found: bool = False) -> None:
        """The platform took a part; the last one ends the delivery in the same step."""
        data: dict[str, Any] = {
            "part": part,
            "at_ms": self.now_ms(),
            "message_id": receipt.message_id,
            "http_status": receipt.http_status,
        }
        if found:
            data["found"] = True
        if last:
            event = (PART_SENT, orjson.dumps(data))
            await self._finish(DeliveryStatus.DELIVERED, {"parts": part + 1}, before=(event,))
        else:
            await self._publish(PART_SENT, data)

    async def failed(self, part: int, failure: SendFailure, outcome: Outcome, retry: Retry) -> None:
        """A part was not sent, or perhaps not; it is tried again."""
        await self._publish(PART_FAILED, self._failure(part, failure, outcome, retry))

    async def gave_up(
        self, status: DeliveryStatus, part: int, failure: SendFailure, outcome: Outcome
    ) -> None:
        """A part was not sent, or perhaps not, and that is the end."""
        data = self._failure(part, failure, outcome, None)
        error = ErrorBody(
            failure.http_status or 502, API_ERROR, failure.message, failure.code or outcome.value
        )
        await self.ended(status, error, before=((PART_FAILED, orjson.dumps(data)),))

    async def ended(
        self, status: DeliveryStatus, error: ErrorBody, *, before: tuple[Event, ...] = ()
    ) -> None:
        """The delivery becomes a dead letter."""
        await self._finish(status, {"error": error.to_record()}, error=error, before=before)

    async def suppressed(self, reason: str) -> None:
        """There was nothing to say."""
        await self._finish(DeliveryStatus.SUPPRESSED, {"reason": reason})

    async def waiting(self, error: ErrorBody) -> None:
        """Nothing is asked of the platform for a while; said once for one reason."""
        last = self.history.last_failure
        if self.history.waiting and last is not None and last.message == error.message:
            return
        data = {"at_ms": self.now_ms(), "error": error.message, "code": error.code}
        await self._publish(DELIVERY_WAITING, data)

    def _failure(
        self, part: int, failure: SendFailure, outcome: Outcome, retry: Retry | None
    ) -> dict[str, Any]:
        now_ms = self.now_ms()
        data: dict[str, Any] = {
            "part": part,
            "at_ms": now_ms,
            "outcome": outcome.value,
            "error": failure.message,
            "code": failure.code,
            "http_status": failure.http_status,
        }
        if (trace_id := current_trace_id()) is not None:
            data["trace_id"] = trace_id
        if isinstance(failure, RateLimited):
            data["retry_after_s"] = failure.retry_after_s
        if (safe := getattr(failure, "repeat_is_safe", None)) is not None:
            data["repeat_is_safe"] = safe
        if retry is not None:
            data["retry_at_ms"] = now_ms + round(retry.delay_s * 1000)
            data["counts"] = retry.counts
        return data

    async def _publish(self, type_: str, data: Mapping[str, Any]) -> None:
        raw = orjson.dumps(data)
        await self.lease.publish([(type_, raw)])
        self.history.add(RunEvent(0, self.lease.attempt, type_, raw))

    async def _finish(
        self,
        status: DeliveryStatus,
        data: Mapping[str, Any],
        *,
        error: ErrorBody | None = None,
        before: tuple[Event, ...] = (),
    ) -> None:
        event = (f"delivery.{status}", orjson.dumps({"at_ms": self.now_ms(), **data}))
        await self.lease.finish(
            status, events=[*before, event], error=error, dead=error is not None
        )
