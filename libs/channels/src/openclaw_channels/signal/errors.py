"""What signal-cli's errors mean.

Codes of the daemon: -1 user, -3 input or output, -4 untrusted key, -5 rate limit, -6 captcha
rejected (SignalJsonRpcCommandHandler.java); `data.response.results` tells of each recipient
(JsonSendMessageResult.java). The REST container answers 429 for a rate limit and else 400 with
signal-cli's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from openclaw_channels.base import (
    ACCOUNT,
    CredentialsRevoked,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)

_RATE_LIMIT: Final = -5
_UNTRUSTED: Final = -4
_USER: Final = -1
_MALFORMED: Final = (-32600, -32601, -32602)
_RATE_WORDS: Final = re.compile(
    r"rate.?limit|captcha|proof required|\b(?:413|429)\b|too many requests", re.I
)
_REVOKED_WORDS: Final = re.compile(
    r"account does not exist|authorization failed|not registered with|user .* is not registered\.$"
    r"|account .* not registered",
    re.I,
)
_PASSING_WORDS: Final = re.compile(
    r"network failure|timed? ?out|ioexception|connection|prekeys|failed to send message$", re.I
)
_PASSING_TYPES: Final = frozenset({"NETWORK_FAILURE", "INVALID_PRE_KEY_FAILURE"})
_CAPTCHA_HELP: Final = (
    "; solve a captcha (https://signalcaptchas.org/challenge/generate.html) and give it to"
    " signal-cli submitRateLimitChallenge, or wait"
)


def rpc_failure(error: Mapping[str, Any], status: int, pause_s: float) -> SendFailure:
    """Return what a JSON-RPC error means."""
    code, text = error.get("code"), f"Signal: {error.get('message') or 'no reason given'}"
    results = list(_results(error.get("data")))
    types = {str(result.get("type")) for result in results}
    if code == _RATE_LIMIT or "RATE_LIMIT_FAILURE" in types or _RATE_WORDS.search(text):
        return _rate_limited(text, results, status, str(code), pause_s)
    if _REVOKED_WORDS.search(text) and "UNREGISTERED_FAILURE" not in types:
        return _revoked(text, status, str(code))
    permanent = code in (_UNTRUSTED, *_MALFORMED) or (code == _USER and not types & _PASSING_TYPES)
    kind = PermanentFailure if permanent else TemporaryFailure
    if types:
        text = f"{text} ({', '.join(sorted(types))})"
    return kind(text, http_status=status, code=str(code))


def rest_failure(said: Mapping[str, Any], status: int, pause_s: float) -> SendFailure:
    """Return what an answer of the REST container that is no success means."""
    text = f"Signal: {said.get('error') or f'HTTP status {status}'}"
    if status == 429 or _RATE_WORDS.search(text):
        return _rate_limited(text, [], status, str(status), pause_s)
    if status in (401, 403) or _REVOKED_WORDS.search(text):
        return _revoked(text, status, str(status))
    passing = status >= 500 or status == 408 or _PASSING_WORDS.search(text)
    kind = TemporaryFailure if passing else PermanentFailure
    return kind(text, http_status=status, code=str(status))


def _rate_limited(
    text: str, results: list[Mapping[str, Any]], status: int, code: str, pause_s: float
) -> RateLimited:
    named = [
        float(result["retryAfterSeconds"])
        for result in results
        if isinstance(result.get("retryAfterSeconds"), (int, float))
    ]
    challenged = any(result.get("token") for result in results) or "captcha" in text.lower()
    return RateLimited(
        text + (_CAPTCHA_HELP if challenged else ""),
        retry_after_s=max(named, default=0.0) or pause_s,
        scope=ACCOUNT,
        http_status=status,
        code=code,
    )


def _revoked(text: str, status: int, code: str) -> CredentialsRevoked:
    text = f"{text}; register or link channels.signal.account with signal-cli again"
    return CredentialsRevoked(text, http_status=status, code=code)


def _results(data: Any) -> Iterator[Mapping[str, Any]]:
    response = data.get("response") if isinstance(data, dict) else None
    results = response.get("results") if isinstance(response, dict) else None
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict):
            yield result
