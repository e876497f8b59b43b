"""Bodies of deliveries and dead letters (run-api.md §4.4). Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.store.all_dead_letters import KINDS
from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.parameters import FILTER, TIME
from openclaw_ingress.openapi.shapes.common import Count, ErrorObject
from openclaw_ingress.schemas.deliveries import REPLAY_MAX

Status = Annotated[str, Where({"enum": [status.value for status in DeliveryStatus]})]
Kind = Annotated[str, Where({"enum": list(KINDS)})]
Word = Annotated[str, Where(FILTER)]
Time = (
    Annotated[int, Where({"minimum": 0, "maximum": 999_999_999_999})]
    | (Annotated[str, Where(TIME)])
)


class DeliveryAttempt(TypedDict):
    """One try at one part."""

    n: Count
    at: int | None
    part: int
    outcome: str | None
    http_status: int | None
    provider_message_id: str | None
    retry_after: float | None
    error: str | None
    code: str | None
    trace_id: str | None


class DeliveryPart(TypedDict):
    """Where one part stands."""

    index: Count
    status: Literal["sent", "sending", "unknown", "pending"]
    provider_message_id: str | None
    sent_at: int | None


class DeliveryError(TypedDict):
    """The last failure."""

    message: str | None
    code: str | None
    http_status: int | None
    at: int | None


class DeliveryObject(TypedDict):
    """A delivery; lists leave out `text` and `attachments`."""

    id: str
    object: Literal["delivery"]
    status: Status
    destination: dict[str, Any]
    run_id: str | None
    session_key: str | None
    agent_id: str | None
    source: str | None
    created_at: int
    started_at: int | None
    completed_at: int | None
    next_attempt_at: int | None
    attempt: Count
    attempts: list[DeliveryAttempt]
    parts: list[DeliveryPart]
    last_error: DeliveryError | None
    duplicates_possible: bool | Count
    replays: Count
    trace_id: str | None
    suppressed: NotRequired[str]
    text: NotRequired[str]
    attachments: NotRequired[list[dict[str, Any]]]


class DeadLetterObject(TypedDict):
    """A run or delivery that nobody tries any more."""

    id: str
    object: Literal["dead_letter"]
    kind: Kind
    run_id: str | None
    delivery_id: str | None
    status: str
    source: str | None
    attempt: Count
    created_at: int
    died_at: int
    error: ErrorObject | None
    channel: NotRequired[str | None]
    to: NotRequired[str | None]


class ReplayedLetter(TypedDict):
    """What became of a dead letter."""

    object: Literal["dead_letter.replayed"]
    id: str
    run_id: NotRequired[str]
    delivery_id: NotRequired[str]


class ReplayFilter(TypedDict, total=False):
    """Which dead letters; an empty text or null is no condition."""

    kind: Kind | Literal[""] | None
    channel: Word | None
    error_code: Word | None
    since: Time | None
    until: Time | None


FILTERS = sorted(ReplayFilter.__annotations__)


class BulkReplay(TypedDict, total=False):
    """Which dead letters are replayed, and how many at most."""

    filter: Annotated[ReplayFilter, Where({"propertyNames": {"enum": FILTERS}})]
    limit: Annotated[int, Where({"minimum": 1, "maximum": REPLAY_MAX})]


class ReplayJob(TypedDict):
    """What a replay of several did; `error` says why it ended early."""

    object: Literal["replay_job"]
    id: str
    matched: Count
    replayed: Count
    data: list[ReplayedLetter]
    error: ErrorObject | None
