"""What became of a delivery: its events, one after another, folded into where it stands.

The event stream of a delivery is its only history, so that everything about it is fenced and as
durable as a run's tokens. `DeliveryHistory.of` is the one reader of these events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from openclaw_common.contracts.delivery import (
    DELIVERY_PENDING,
    DELIVERY_SENDING,
    PART_FAILED,
    PART_SENT,
    PART_STARTED,
)
from openclaw_common.contracts.run_event import RunEvent

DELIVERY_WAITING: Final = "delivery.waiting"
"""`{"at_ms":…,"error":"…","code":"…"}`: nothing was asked of the platform, and why."""


class Outcome(StrEnum):
    """How one request to the platform ended."""

    SENT = "sent"
    RATE_LIMITED = "rate_limited"
    """Refused for now; certainly not sent."""
    TEMPORARY = "temporary"
    """Certainly not sent; a later try may succeed."""
    PERMANENT = "permanent"
    """Certainly not sent, and never will be."""
    CREDENTIALS = "credentials_revoked"
    """Not sent, and nothing of the account will be until its credentials are changed."""
    AMBIGUOUS = "ambiguous"
    """Perhaps sent: no answer came."""
    INTERRUPTED = "interrupted"
    """Perhaps sent: its process ended before it could say."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part was not sent: `code` and `http_status` are the platform's, times in ms."""

    message: str
    code: str | None = None
    http_status: int | None = None
    at_ms: int | None = None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Failure:
        """Rebuild it from the data of an event."""
        return cls(
            str(data.get("error") or "no reason was given"),
            data.get("code"),
            data.get("http_status"),
            data.get("at_ms"),
        )


@dataclass(frozen=True, slots=True)
class PartReceipt:
    """The platform's answer to one part."""

    message_id: str | None
    http_status: int | None
    at_ms: int | None


@dataclass(slots=True)
class Try:
    """What one attempt asked of the platform last; `number` is the attempt's."""

    number: int
    at_ms: int | None = None
    outcome: Outcome | None = None
    part: int | None = None
    http_status: int | None = None
    message_id: str | None = None
    retry_after_s: float | None = None
    error: str | None = None
    code: str | None = None
    trace_id: str | None = None


@dataclass(slots=True)
class DeliveryHistory:
    """Where a delivery stands.

    `parts` is the number of parts and `cut` the digest of how the message was cut, None before the
    first was started. `failures` and `rate_limits` count those in a row since a part was sent or
    the delivery was replayed; no try is to be made before `retry_at_ms`. `doubtful` is the part
    that may have been sent, at `doubtful_since_ms` for the first time: `repeat_is_safe` is what the
    channel said of it, `allowed` that a person replayed it. A send that fails for certain leaves
    the doubt about an earlier one. `edits` is the message that the part asked for last was put into
    instead of being sent, which may be repeated. `duplicates_possible` counts parts that were sent
    again without knowing.
    """

    parts: int | None = None
    cut: str | None = None
    receipts: dict[int, PartReceipt] = field(default_factory=dict)
    doubtful: int | None = None
    doubtful_since_ms: int | None = None
    repeat_is_safe: bool | None = None
    allowed: bool = False
    failures: int = 0
    rate_limits: int = 0
    retry_at_ms: int | None = None
    edits: str | None = None
    duplicates_possible: int = 0
    replays: int = 0
    replayed_at_ms: int | None = None
    last_failure: Failure | None = None
    waiting: bool = False
    tries: list[Try] = field(default_factory=list)
    _in_flight: int | None = None
    _in_flight_ms: int | None = None
    _doubt_before: tuple[int, int | None, bool | None, bool] | None = None

    @classmethod
    def of(cls, events: Iterable[RunEvent]) -> DeliveryHistory:
        """Fold events, oldest first."""
        history = cls()
        for event in events:
            history.add(event)
        return history

    @property
    def in_flight(self) -> int | None:
        """The part that the platform is being asked for."""
        return self._in_flight

    @property
    def next_part(self) -> int:
        """The first part without a receipt."""
        part = 0
        while part in self.receipts:
            part += 1
        return part

    def add(self, event: RunEvent) -> None:
        """Take one more event in."""
        fold = _FOLDS.get(event.type)
        if fold is not None:
            fold(self, event.attempt, event.json())
        elif event.type.startswith("delivery."):
            self._end(event.json())

    def _pending(self, attempt: int, data: dict[str, Any]) -> None:
        if "replayed_at_ms" not in data:
            return
        self._give_up_asking()
        self.replays += 1
        self.replayed_at_ms = data["replayed_at_ms"]
        self.failures = self.rate_limits = 0
        self.retry_at_ms = None
        self.allowed = self.doubtful is not None

    def _sending(self, attempt: int, data: dict[str, Any]) -> None:
        self._give_up_asking()

    def _give_up_asking(self) -> None:
        """The attempt that asked for a part is over, and never said how it ended."""
        if self._in_flight is None:
            return
        self._doubt(self._in_flight, None)
        self._try_of(self.tries[-1].number).outcome = Outcome.INTERRUPTED

    def _doubt(self, part: int, repeat_is_safe: bool | None) -> None:
        since_ms, before = self._in_flight_ms, self._doubt_before
        if before is not None and before[0] == part:
            since_ms = before[1]
        self.doubtful, self.doubtful_since_ms = part, since_ms
        self.repeat_is_safe, self.allowed = repeat_is_safe, False
        self._in_flight = self._doubt_before = None

    def _started(self, attempt: int, data: dict[str, Any]) -> None:
        self.parts, self.cut = data["parts"], data.get("cut")
        self._in_flight, self._in_flight_ms = data["part"], data.get("at_ms")
        self._doubt_before = None
        repeated = data.get("repeated") or self.edits is not None
        if self.doubtful == data["part"] and not repeated:
            before = (self.doubtful_since_ms, self.repeat_is_safe, self.allowed)
            self._doubt_before = (data["part"], *before)
        self.edits = data.get("edits")
        self.doubtful, self.allowed, self.waiting = None, False, False
        if data.get("repeated"):
            self.duplicates_possible += 1
        made = self._try_of(attempt)
        made.at_ms, made.part, made.outcome = data.get("at_ms"), data["part"], None
        made.trace_id = data.get("trace_id")

    def _sent(self, attempt: int, data: dict[str, Any]) -> None:
        receipt = PartReceipt(data.get("message_id"), data.get("http_status"), data.get("at_ms"))
        self.receipts[data["part"]] = receipt
        self._in_flight, self.doubtful, self.allowed = None, None, False
        self._doubt_before = None
        self.failures = self.rate_limits = 0
        self.retry_at_ms = None
        made = self._try_of(attempt)
        made.at_ms = made.at_ms or receipt.at_ms
        made.part, made.outcome = data["part"], Outcome.SENT
        made.message_id, made.http_status = receipt.message_id, receipt.http_status

    def _failed(self, attempt: int, data: dict[str, Any]) -> None:
        outcome = Outcome(data["outcome"])
        self.last_failure = Failure.of(data)
        self.retry_at_ms = data.get("retry_at_ms")
        self.waiting = False
        if outcome is Outcome.AMBIGUOUS:
            self._doubt(data["part"], data.get("repeat_is_safe"))
        elif self._doubt_before is not None:
            self.doubtful, self.doubtful_since_ms, self.repeat_is_safe, self.allowed = (
                self._doubt_before
            )
        self._in_flight = self._doubt_before = None
        if data.get("counts", True):
            self.failures += 1
        else:
            self.rate_limits += 1
        made = self._try_of(attempt)
        made.at_ms = made.at_ms or data.get("at_ms")
        made.part, made.outcome = data["part"], outcome
        made.http_status, made.retry_after_s = data.get("http_status"), data.get("retry_after_s")
        made.error, made.code = self.last_failure.message, self.last_failure.code
        made.trace_id = data.get("trace_id")

    def _waiting(self, attempt: int, data: dict[str, Any]) -> None:
        self.last_failure = Failure.of(data)
        self.waiting = True

    def _end(self, data: dict[str, Any]) -> None:
        """The terminal event; a part without an answer may still have been sent."""
        self._give_up_asking()
        if isinstance(data.get("error"), dict):
            error = data["error"]
            self.last_failure = Failure(str(error.get("message")), error.get("code"))

    def _try_of(self, attempt: int) -> Try:
        if not self.tries or self.tries[-1].number != attempt:
            self.tries.append(Try(attempt))
        return self.tries[-1]


_FOLDS: Final = {
    DELIVERY_PENDING: DeliveryHistory._pending,
    DELIVERY_SENDING: DeliveryHistory._sending,
    PART_STARTED: DeliveryHistory._started,
    PART_SENT: DeliveryHistory._sent,
    PART_FAILED: DeliveryHistory._failed,
    DELIVERY_WAITING: DeliveryHistory._waiting,
}
