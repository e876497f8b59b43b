"""Follower: a bounded, gapless view of one run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run_event import MESSAGE_DELTA, RUN_COMPLETED, RunEvent
from openclaw_common.store.run_follower import Follower, ReaderOverflow


def event(sequence: int, attempt: int = 1, kind: str = MESSAGE_DELTA, size: int = 2) -> RunEvent:
    return RunEvent(sequence, attempt, kind, b"x" * size)


async def collected(follower: Follower) -> list[int]:
    return [one.sequence async for batch in follower for one in batch]


@given(
    pieces=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=10),
    after=st.integers(0, 5),
)
async def test_whatever_is_pushed_again_is_seen_once(
    pieces: list[tuple[int, int]], after: int
) -> None:
    follower = Follower("run", after, 10_000)
    top = after
    for low, high in pieces:
        # A read never starts behind what was read before, and never skips.
        batch = [event(number) for number in range(min(low, top + 1), max(high, top) + 1)]
        follower.push(batch)
        top = max(top, high)
    follower.push([event(top + 1, kind=RUN_COMPLETED)])
    assert await collected(follower) == list(range(after + 1, top + 2))


async def test_nothing_is_taken_after_the_terminal_event() -> None:
    follower = Follower("run", 0, 10_000)
    follower.push([event(1), event(2, kind=RUN_COMPLETED), event(3)])
    assert follower.ended
    assert await collected(follower) == [1, 2]


async def test_more_than_the_buffer_holds_cuts_the_follower() -> None:
    follower = Follower("run", 0, 100)
    follower.push([event(1, size=60)])
    follower.push([event(2, size=60)])
    with pytest.raises(ReaderOverflow):
        await collected(follower)


async def test_a_follower_that_keeps_up_is_never_cut() -> None:
    follower = Follower("run", 0, 100)
    for number in range(1, 100):
        follower.push([event(number, size=60)])
        assert [one.sequence for one in await anext(follower)] == [number]


async def test_a_gap_ends_the_iteration() -> None:
    follower = Follower("run", 0, 10_000)
    follower.push([event(1), event(3)])
    with pytest.raises(StoreUnavailable):
        await collected(follower)


async def test_a_later_attempt_where_events_were_taken_already_ends_the_iteration() -> None:
    follower = Follower("run", 0, 10_000)
    follower.push([event(1), event(2), event(3)])
    assert [one.sequence for one in await anext(follower)] == [1, 2, 3]
    follower.push([event(3, attempt=2), event(4, attempt=2)])
    with pytest.raises(StoreUnavailable):
        await collected(follower)


async def test_a_resumed_follower_takes_what_comes_from_a_later_attempt() -> None:
    follower = Follower("run", 3, 10_000)
    follower.push([event(2, attempt=2), event(3, attempt=2), event(4, attempt=2)])
    assert [one.sequence for one in await anext(follower)] == [4]
