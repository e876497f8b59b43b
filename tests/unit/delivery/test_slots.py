"""The slots of a delivery process, and who gets them."""

from __future__ import annotations

import asyncio

from openclaw_delivery.slots import Slots


class Clock:
    """A clock that goes on when it is told to."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.now_s


def slots(clock: Clock) -> Slots:
    return Slots(64, 3, 30.0, clock=clock, random=lambda: 0.5)


async def fill(slots: Slots, account: str, clock: Clock) -> int:
    """Fill slots until no more are given, long after the first; returns how many."""
    filled = 0
    while await slots.take(account) is None:
        filled += 1
        clock.now_s += 10
    return filled


async def test_one_account_gets_most_slots_and_others_still_find_some() -> None:
    clock = Clock()
    shared = slots(clock)
    assert [await fill(shared, name, clock) for name in ("a", "b", "c")] == [48, 12, 3]


async def test_who_finds_none_comes_back_when_a_send_may_have_ended() -> None:
    clock = Clock()
    shared = slots(clock)
    await fill(shared, "a", clock)
    shared.free("a")
    assert await shared.take("a") is None
    clock.now_s += 7
    assert await shared.take("a") == 7
    clock.now_s += 100
    assert await shared.take("a") == 30


async def test_an_account_that_answers_is_waited_for() -> None:
    shared = Slots(2, 1, 30.0, clock=Clock(), random=lambda: 0.5)
    assert await shared.take("a") is None
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(shared.take("a"))
        tasks.create_task(_free(shared, "a"))
    assert waiting.result() is None


async def _free(slots: Slots, account: str) -> None:
    slots.free(account)
