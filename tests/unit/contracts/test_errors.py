"""Errors as data: what a client gets and what a record keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.errors import (
    ErrorBody,
    GatewayError,
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    QueueFull,
    StoreUnavailable,
    Unauthorized,
)

bodies = st.builds(
    ErrorBody, st.integers(400, 599), st.text(), st.text(), st.none() | st.text(), st.none()
)


@given(bodies)
def test_an_error_comes_back_from_its_record(body: ErrorBody) -> None:
    assert ErrorBody.from_record(body.to_record()) == body
    assert "status" not in body.to_wire()


def test_a_record_with_nothing_in_it_reads_as_an_internal_error() -> None:
    assert ErrorBody.from_record({}) == ErrorBody(500, "api_error", "Internal error")


@pytest.mark.parametrize(
    ("error", "status", "code", "waits"),
    [
        (InvalidRequest(), 400, None, False),
        (Unauthorized(), 401, None, False),
        (NotFound(), 404, None, False),
        (IdempotencyConflict(), 409, "idempotency_key_conflict", False),
        (QueueFull(lane=True, retry_after_s=5), 429, "queue_full", True),
        (QueueFull(lane=False, retry_after_s=5), 503, "queue_full", True),
        (StoreUnavailable(), 503, "store_unavailable", True),
    ],
)
def test_every_error_has_its_status_and_says_when_waiting_helps(
    error: GatewayError, status: int, code: str | None, waits: bool
) -> None:
    assert (error.body.status, error.body.code) == (status, code)
    assert (error.retry_after_s is not None) is waits
    assert str(error) == error.body.message
