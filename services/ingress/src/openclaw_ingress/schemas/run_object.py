"""What the API shows of a run (run-api.md §4.2). Times are Unix seconds."""

from __future__ import annotations

from typing import Any, NotRequired

# pydantic reads no TypedDict of `typing` before Python 3.12.
from typing_extensions import TypedDict


class RunDelivery(TypedDict):
    """Whether the result is sent somewhere, and how that stands."""

    requested: bool
    status: str | None
    ids: list[str]


class IncompleteDetails(TypedDict):
    """Which limit ended the run before its end."""

    reason: str


class RunObject(TypedDict):
    """A run."""

    id: str
    object: str
    status: str
    agent_id: str
    session_key: str
    source: str
    model: str
    attempt: int
    max_attempts: int
    created_at: int
    queued_at: int
    started_at: int | None
    completed_at: int | None
    expires_at: int | None
    output: str | None
    usage: dict[str, Any] | None
    last_error: dict[str, Any] | None
    incomplete_details: IncompleteDetails | None
    last_sequence_number: int
    queue_position: int | None
    queue_wait_ms: int | None
    time_to_first_token_ms: int | None
    delivery: RunDelivery
    multitask_strategy: str
    metadata: dict[str, str]
    idempotency_key: str | None
    retry_of: str | None
    trace_id: str | None
    cancel_reason: NotRequired[str]
