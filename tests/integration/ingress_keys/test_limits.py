"""The limits of keys over three replicas, and how they are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.api_key import KeyLimits
from openclaw_common.store.accounting import LimitState
from openclaw_ingress.middleware.limit_headers import as_duration
from tests.integration.ingress_keys.house import CHAT, HELLO, House


async def test_a_limit_of_n_over_three_replicas_admits_n(house: House) -> None:
    key = await house.key("runs:write", limits={"requests_per_minute": 200})
    answers = await asyncio.gather(
        *(house.ask("POST", "/v1/runs", key, {"input": "hi"}) for _ in range(600))
    )
    statuses = [response.status for response, _ in answers]
    assert set(statuses) == {202, 429}
    assert 198 <= statuses.count(202) <= 202


async def test_the_headers_say_how_the_limits_stand(house: House) -> None:
    limits = {"requests_per_minute": 2, "tokens_per_day": 20, "runs_in_progress": 3}
    key = await house.key("chat", limits=limits)
    response, _ = await house.ask("POST", CHAT, key, HELLO)
    told = {
        name.removeprefix("x-ratelimit-"): value
        for name, value in response.headers.items()
        if name.startswith("x-ratelimit-")
    }
    reset = told.pop("reset-tokens")
    assert reset.endswith(("s", "m"))
    assert told == {
        "limit-requests": "2",
        "remaining-requests": "1",
        "reset-requests": "1m0s",
        "limit-tokens": "20",
        "remaining-tokens": "20",
        "limit-concurrent": "3",
        "remaining-concurrent": "3",
    }
    streamed, _ = await house.ask("POST", CHAT, key, {**HELLO, "stream": True})
    assert streamed.headers["x-ratelimit-remaining-requests"] == "0"
    assert streamed.headers["x-ratelimit-remaining-tokens"] == "12"


async def test_past_a_limit_the_answer_is_429_and_says_when(house: House) -> None:
    key = await house.key("chat", limits={"requests_per_minute": 1})
    await house.ask("POST", CHAT, key, HELLO)
    response, refusal = await house.ask("POST", CHAT, key, HELLO)
    assert response.status == 429
    assert refusal["error"]["type"] == "rate_limited"
    assert refusal["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert 1 <= int(response.headers["retry-after-ms"]) <= 60_000
    assert response.headers["x-ratelimit-remaining-requests"] == "0"


async def test_a_replay_gets_no_429(house: House) -> None:
    key = await house.key("chat", limits={"requests_per_minute": 1})
    once: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}}
    first, _ = await house.ask("POST", CHAT, key, HELLO, **once)
    for _ in range(3):
        again, _ = await house.ask("POST", CHAT, key, HELLO, **once)
        assert (again.status, again.headers["x-run-id"]) == (200, first.headers["x-run-id"])
    refused, _ = await house.ask("POST", CHAT, key, HELLO)
    assert refused.status == 429


async def test_the_secret_and_other_keys_are_held_to_no_limit_of_a_key(house: House) -> None:
    key = await house.key("chat", limits={"requests_per_minute": 1})
    other = await house.key("chat")
    await house.ask("POST", CHAT, key, HELLO)
    response, _ = await house.ask("POST", CHAT, other, HELLO)
    assert response.status == 200
    assert not any(name.startswith("x-ratelimit") for name in response.headers)
    response, _ = await house.ask("POST", CHAT, body=HELLO)
    assert response.status == 200


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(12, "12ms"), (6000, "6s"), (60_000, "1m0s"), (11_100_000, "3h5m0s"), (0, "0ms")],
)
def test_durations_are_written_as_openai_writes_them(milliseconds: int, text: str) -> None:
    assert as_duration(milliseconds) == text


def test_each_refusal_says_which_limit_it_is() -> None:
    state = LimitState(KeyLimits(1, 2, 3, 4), 0, 0, 0, 0, 0, 0, 0)
    messages = {state.refusal(which).body.message for which in ("requests", "tokens", "queued")}
    assert len(messages) == 3
