"""Upstream failures as the error bodies of contract §1.1 ("Errors after validation").

    provider says            the client gets
    400 404 410 413 422      the same (422: 400) invalid_request_error, provider text
    401 / 403                the same, authentication_error / permission_error, provider text
    402, 429 out of quota    402 insufficient_quota, provider text
    429                      429 rate_limit_error, provider text
    408                      408 api_error `upstream provider timeout`
    other 4xx                the same, api_error `upstream provider error`
    503 529                  503 api_error `upstream provider overloaded`
    504, silence             504 api_error `upstream provider timeout`
    the rest                 502 api_error `upstream provider error`

A request that is too long for the model has the code `context_length_exceeded`, whoever says so.
Provider text is bounded and free of the provider's credentials; of a 5xx nothing is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import (
    API_ERROR,
    AUTHENTICATION,
    INSUFFICIENT_QUOTA,
    INVALID_REQUEST,
    PERMISSION,
    RATE_LIMIT,
    ErrorBody,
    GatewayError,
)

MAX_TEXT_CHARS: Final = 1000
ERROR: Final = "upstream provider error"
OVERLOADED: Final = "upstream provider overloaded"
TIMEOUT: Final = "upstream provider timeout"
CONTEXT_OVERFLOW: Final = "context_length_exceeded"
"""The code of a request that has more tokens than the model takes."""

_PASSED_ON: Final = {
    400: INVALID_REQUEST,
    401: AUTHENTICATION,
    402: INSUFFICIENT_QUOTA,
    403: PERMISSION,
    404: INVALID_REQUEST,
    410: INVALID_REQUEST,
    413: INVALID_REQUEST,
    429: RATE_LIMIT,
}
_SAME_AS: Final = {422: 400, 529: 503}
_RETRYABLE: Final = frozenset({429, 500, 502, 503, 529})
_STATUS_OF_TYPE: Final = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "insufficient_quota": 402,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded": 503,
    "overloaded_error": 503,
    "timeout": 504,
    "timeout_error": 504,
}
_OVERFLOW_TEXT: Final = re.compile(
    r"maximum context length|context length exceeded"
    r"|exceed\w* (?:the )?(?:available |model's )?context|(?:prompt|input) is too long"
    r"|input token count|reduce the length of the (?:messages|prompt)",
    re.IGNORECASE,
)
# What Anthropic says in a 400 of an account without money.
_QUOTA_TEXT: Final = re.compile(r"credit balance is too low", re.IGNORECASE)
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_KEY_SHAPED: Final = re.compile(r"\b(?:sk|pk|rk)-[\w*.-]{6,}|(?i:bearer )\S{6,}")


class UpstreamFailure(GatewayError):
    """The model provider failed; `retryable` says that the same request may yet succeed."""

    def __init__(
        self, body: ErrorBody, *, retryable: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(body, retry_after_s=retry_after_s)
        self.retryable = retryable


class Redaction:
    """Removes a provider's credentials from text that goes to a client."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted((s for s in secrets if s), key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return `text`, bounded to MAX_TEXT_CHARS, with credentials replaced by `[redacted]`."""
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        text = _KEY_SHAPED.sub("[redacted]", text)
        return text if len(text) <= MAX_TEXT_CHARS else text[: MAX_TEXT_CHARS - 1] + "…"


def timed_out() -> UpstreamFailure:
    """Return the failure of a provider that stayed silent too long."""
    return UpstreamFailure(ErrorBody(504, API_ERROR, TIMEOUT))


def disconnected() -> UpstreamFailure:
    """Return the failure of a connection that could not be made or broke."""
    return UpstreamFailure(ErrorBody(502, API_ERROR, ERROR), retryable=True)


def malformed() -> UpstreamFailure:
    """Return the failure of an answer that is not the provider's protocol."""
    return UpstreamFailure(ErrorBody(502, API_ERROR, ERROR))


def from_answer(
    status: int, raw: bytes, headers: Mapping[str, str], redact: Redaction
) -> UpstreamFailure:
    """Return the failure that an error answer means; `raw` is (the start of) its body."""
    try:
        error = orjson.loads(raw)
    except orjson.JSONDecodeError:
        error = raw.decode("utf-8", "replace") if not raw.lstrip().startswith(b"<") else ""
    # Gemini's errors come in a list where no event stream was asked for.
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, dict) and "error" in error:
        error = error["error"]
    return failure_of(status, error, redact, _retry_after(headers))


def from_error_object(error: Any, redact: Redaction) -> UpstreamFailure:
    """Return the failure that an error object inside a 200 answer means."""
    status = 500
    if isinstance(error, dict):
        code, kind = error.get("code"), error.get("type")
        if isinstance(code, int) and 400 <= code <= 599:
            status = code
        else:
            status = _STATUS_OF_TYPE.get(str(kind)) or _STATUS_OF_TYPE.get(str(code)) or 500
    return failure_of(status, error, redact, None)


def failure_of(
    status: int, error: Any, redact: Redaction, retry_after_s: float | None
) -> UpstreamFailure:
    """Return the failure that an HTTP status and the provider's error object or text mean."""
    code = error.get("code") if isinstance(error, dict) else None
    shown = isinstance(code, str) and _CODE.match(code) and redact(code) == code
    code = code if shown else None
    if status == 429 and "insufficient_quota" in (code, _member(error, "type")):
        status = 402
    if status == 400 and _QUOTA_TEXT.search(_member(error, "message") or ""):
        status = 402
    if status == 400 and _detail(error, "reason") == "API_KEY_INVALID":
        status = 401
    if retry_after_s is None:
        retry_after_s = _retry_delay(error)
    retryable = status in _RETRYABLE
    status = _SAME_AS.get(status, status)
    if kind := _PASSED_ON.get(status):
        text = _text(error, status)
        if status in (400, 413) and _OVERFLOW_TEXT.search(text):
            code = CONTEXT_OVERFLOW
        body = ErrorBody(status, kind, redact(text), code)
    elif 400 <= status < 500:
        body = ErrorBody(status, API_ERROR, TIMEOUT if status == 408 else ERROR, code)
    else:
        status, message = {503: (503, OVERLOADED), 504: (504, TIMEOUT)}.get(status, (502, ERROR))
        body = ErrorBody(status, API_ERROR, message, code)
    return UpstreamFailure(body, retryable=retryable, retry_after_s=retry_after_s)


def _member(error: Any, name: str) -> str | None:
    value = error.get(name) if isinstance(error, dict) else None
    return value if isinstance(value, str) else None


def _detail(error: Any, name: str) -> Any:
    """Return a member of the `details` of a google.rpc.Status: https://google.aip.dev/193."""
    details = error.get("details") if isinstance(error, dict) else None
    if not isinstance(details, list):
        return None
    found = (detail.get(name) for detail in details if isinstance(detail, dict))
    return next((value for value in found if value is not None), None)


def _text(error: Any, status: int) -> str:
    text = error if isinstance(error, str) else None
    text = text or _member(error, "message") or _member(error, "detail")
    text = (text or "").strip()
    return text or f"The model provider answered {status} without saying why."


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait of RFC 9110 §10.2.3, or the milliseconds that OpenAI's servers add to it."""
    milliseconds = _seconds(headers.get("Retry-After-Ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After", "")
    seconds = _seconds(value)
    return _seconds_until(value, headers.get("Date", "")) if seconds is None else seconds


def _seconds_until(value: str, now: str) -> float | None:
    """Return the wait for an HTTP date; by the answer's own clock where it tells its time."""
    until = _time(value)
    if until is None:
        return None
    return max(0.0, (until - (_time(now) or datetime.now(UTC))).total_seconds())


def _time(value: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(value)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _retry_delay(error: Any) -> float | None:
    value = _detail(error, "retryDelay")
    return _seconds(value.removesuffix("s")) if isinstance(value, str) else None


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
