"""What a provider's refusal means to the client: the table of contract §1.1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from openclaw_agent_worker.models.errors import (
    MAX_TEXT_CHARS,
    Redaction,
    UpstreamFailure,
    from_answer,
    from_error_object,
)

KEY = "my-very-secret-key"
PROVIDER_TEXT = "provider text"


def refusal(
    status: int, body: Any = None, headers: dict[str, str] | None = None
) -> UpstreamFailure:
    if body is None:
        body = {"error": {"message": PROVIDER_TEXT, "type": "t", "code": None}}
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return from_answer(status, raw, headers or {}, Redaction((KEY,)))


@pytest.mark.parametrize(
    ("status", "answered", "kind", "message", "retryable"),
    [
        (400, 400, "invalid_request_error", PROVIDER_TEXT, False),
        (401, 401, "authentication_error", PROVIDER_TEXT, False),
        (402, 402, "insufficient_quota", PROVIDER_TEXT, False),
        (403, 403, "permission_error", PROVIDER_TEXT, False),
        (404, 404, "invalid_request_error", PROVIDER_TEXT, False),
        (408, 408, "api_error", "upstream provider timeout", False),
        (409, 409, "api_error", "upstream provider error", False),
        (410, 410, "invalid_request_error", PROVIDER_TEXT, False),
        (413, 413, "invalid_request_error", PROVIDER_TEXT, False),
        (422, 400, "invalid_request_error", PROVIDER_TEXT, False),
        (429, 429, "rate_limit_error", PROVIDER_TEXT, True),
        (302, 502, "api_error", "upstream provider error", False),
        (500, 502, "api_error", "upstream provider error", True),
        (501, 502, "api_error", "upstream provider error", False),
        (502, 502, "api_error", "upstream provider error", True),
        (503, 503, "api_error", "upstream provider overloaded", True),
        (504, 504, "api_error", "upstream provider timeout", False),
        (529, 503, "api_error", "upstream provider overloaded", True),
    ],
)
def test_a_status_of_the_provider_becomes_the_contracts_answer(
    status: int, answered: int, kind: str, message: str, retryable: bool
) -> None:
    failure = refusal(status)
    assert (failure.body.status, failure.body.type, failure.body.message) == (
        answered,
        kind,
        message,
    )
    assert failure.retryable is retryable


def test_a_used_up_quota_is_billing_and_is_not_tried_again() -> None:
    failure = refusal(429, {"error": {"message": "pay", "code": "insufficient_quota"}})
    assert (failure.body.status, failure.body.type) == (402, "insufficient_quota")
    assert failure.body.code == "insufficient_quota"
    assert not failure.retryable


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "plain"}, "plain"),
        ({"message": "top"}, "top"),
        ({"detail": "fastapi"}, "fastapi"),
        (b"only text", "only text"),
        (b"<html>nginx</html>", "The model provider answered 400 without saying why."),
        (b"", "The model provider answered 400 without saying why."),
        ([1], "The model provider answered 400 without saying why."),
    ],
)
def test_the_providers_text_is_found_wherever_it_stands(body: Any, text: str) -> None:
    assert refusal(400, body).body.message == text


def test_credentials_and_excess_length_do_not_pass() -> None:
    text = f"bad key {KEY} or sk-abcdef123456 or Bearer abcdefgh, " + "x" * 5000
    message = refusal(401, {"error": {"message": text}}).body.message
    assert message.startswith("bad key [redacted] or [redacted] or [redacted]")
    assert len(message) == MAX_TEXT_CHARS


@pytest.mark.parametrize(
    ("value", "seconds"), [("2", 2.0), ("0.5", 0.5), ("-1", None), ("soon", None), ("inf", None)]
)
def test_retry_after_is_read_in_seconds(value: str, seconds: float | None) -> None:
    assert refusal(429, headers={"Retry-After": value}).retry_after_s == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After-Ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After-Ms": "soon", "Retry-After": "2"}, 2.0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:07 GMT"}, 7.0),
        ({"Retry-After": "Sun, 22 Nov 2026 11:59:00 GMT"}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 25:00:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_milliseconds_and_as_a_date_too(
    headers: dict[str, str], seconds: float | None
) -> None:
    answered = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT", **headers}
    assert refusal(429, headers=answered).retry_after_s == seconds


def test_a_date_is_held_against_our_own_clock_where_the_answer_has_none() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    waited = refusal(429, headers={"Retry-After": until}).retry_after_s
    assert waited is not None
    assert 50 < waited <= 60


def test_a_code_that_shows_a_credential_is_left_out() -> None:
    for code in (KEY, "sk-0123456789abcdef"):
        assert refusal(401, {"error": {"message": "m", "code": code}}).body.code is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "m", "code": 429}, 429),
        ({"message": "m", "type": "overloaded_error"}, 503),
        ({"message": "m", "type": "server_error", "code": "context_length_exceeded"}, 400),
        ({"message": "m", "type": "server_error"}, 502),
        ({"message": "m", "type": ["odd"], "code": {"odd": 1}}, 502),
        ("text", 502),
    ],
)
def test_an_error_object_in_a_stream_is_told_by_its_code_or_type(error: Any, status: int) -> None:
    assert from_error_object(error, Redaction(())).body.status == status


def google_error(code: int, *details: dict[str, Any]) -> dict[str, Any]:
    status = {"code": code, "message": PROVIDER_TEXT, "status": "S", "details": list(details)}
    return {"error": status}


RETRY_IN = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}


def test_the_pause_in_the_details_of_googles_errors_is_known() -> None:
    quota = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []}
    body = google_error(429, quota, RETRY_IN)
    assert refusal(429, body).retry_after_s == 37.5
    assert from_error_object(body["error"], Redaction(())).retry_after_s == 37.5
    assert refusal(429, body, {"Retry-After": "3"}).retry_after_s == 3


@pytest.mark.parametrize("said", ["soon", "-1s", "infs", 7, None])
def test_a_pause_that_is_none_is_passed_over(said: Any) -> None:
    assert refusal(429, google_error(429, {"retryDelay": said})).retry_after_s is None


def test_a_key_that_google_calls_an_invalid_argument_is_a_refused_key() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    assert refusal(400, google_error(400, info)).body.status == 401


def test_an_error_in_a_list_is_read_too() -> None:
    assert refusal(404, [google_error(404)]).body.message == PROVIDER_TEXT
