"""Redis' clock as a process knows it from answers."""

from __future__ import annotations

from openclaw_common.store.admission import ServerClock


class Monotonic:
    """A clock that the test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_nothing_is_known_before_the_first_answer() -> None:
    assert ServerClock(Monotonic()).in_future(3) is None


def test_it_goes_on_with_the_time_of_this_process() -> None:
    own = Monotonic()
    clock = ServerClock(own)
    clock.heard(1_000_000)
    own.seconds += 2
    assert clock.in_future(3) == 1_005_000


def test_an_answer_that_was_slow_does_not_set_it_back() -> None:
    own = Monotonic()
    clock = ServerClock(own)
    clock.heard(1_000_000)
    own.seconds += 5
    clock.heard(1_001_000)
    assert clock.in_future(0) == 1_005_000


def test_a_server_clock_that_was_set_forward_is_followed() -> None:
    clock = ServerClock(Monotonic())
    clock.heard(1_000_000)
    clock.heard(2_000_000)
    assert clock.in_future(0) == 2_000_000
