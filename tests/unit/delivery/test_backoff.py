"""When a delivery is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.base import RateLimited, SendFailure, TemporaryFailure
from openclaw_common.contracts.delivery_history import DeliveryHistory
from openclaw_delivery.backoff import Backoff, Retry

SCHEDULE = (1, 5, 30)
DOWN = TemporaryFailure("down")


def backoff(chance: float = 0.5, max_rate_limits: int = 3) -> Backoff:
    return Backoff(SCHEDULE, 3600, max_rate_limits, lambda: chance)


def test_the_schedule_is_followed_to_its_end() -> None:
    waits = [backoff().after(DOWN, DeliveryHistory(failures=n)) for n in range(4)]
    assert waits == [Retry(1, True), Retry(5, True), Retry(30, True), None]


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 2))
def test_chance_moves_a_wait_by_a_fifth_at_most(chance: float, failures: int) -> None:
    retry = backoff(chance).after(DOWN, DeliveryHistory(failures=failures))
    assert retry is not None
    assert 0.8 * SCHEDULE[failures] <= retry.delay_s <= 1.2 * SCHEDULE[failures]


@given(st.floats(0, 1e9))
def test_a_rate_limit_is_waited_out_as_the_platform_said(asked_s: float) -> None:
    limited = RateLimited("slow", retry_after_s=asked_s)
    assert backoff().after(limited, DeliveryHistory()) == Retry(min(asked_s, 3600), False)


@pytest.mark.parametrize(("asked_s", "delay_s"), [(0, 1), (20, 20)])
def test_too_many_rate_limits_count_and_are_still_waited_out(
    asked_s: float, delay_s: float
) -> None:
    limited = RateLimited("slow", retry_after_s=asked_s)
    assert backoff().after(limited, DeliveryHistory(rate_limits=3)) == Retry(delay_s, True)
    assert backoff().after(limited, DeliveryHistory(rate_limits=3, failures=3)) is None


@pytest.mark.parametrize("failure", [DOWN, SendFailure("odd")])
def test_a_floor_is_kept(failure: SendFailure) -> None:
    assert backoff().after(failure, DeliveryHistory(), floor_s=300) == Retry(300, True)
