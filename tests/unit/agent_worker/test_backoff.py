"""When a failed provider request is made again."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_agent_worker.backoff import Backoff
from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_common.contracts.errors import ErrorBody


def failure(*, retryable: bool = True, retry_after_s: float | None = None) -> UpstreamFailure:
    body = ErrorBody(502, "api_error", "m")
    return UpstreamFailure(body, retryable=retryable, retry_after_s=retry_after_s)


def backoff(chance: float = 0.0, max_tries: int = 5) -> Backoff:
    return Backoff(max_tries, asyncio.sleep, lambda: chance)


def test_the_waits_grow_and_chance_only_adds() -> None:
    assert [backoff().delay_s(failure(), tried) for tried in (1, 2, 3, 4)] == [1, 4, 15, 15]
    assert backoff(1.0).delay_s(failure(), 2) == 5.0


def test_it_gives_up_after_the_last_try_and_on_what_cannot_succeed() -> None:
    assert backoff(max_tries=2).delay_s(failure(), 2) is None
    assert backoff().delay_s(failure(retryable=False), 1) is None


@pytest.mark.parametrize(("asked", "delay"), [(0.2, 1.0), (3.0, 3.0), (15.0, 15.0), (15.1, None)])
def test_retry_after_is_the_least_wait_and_too_long_a_one_is_not_waited_for(
    asked: float, delay: float | None
) -> None:
    assert backoff().delay_s(failure(retry_after_s=asked), 1) == delay
