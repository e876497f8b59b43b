"""A value that is loaded once for all who ask."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_ingress.cached import Cached


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class Source:
    """Loads numbers, when it is let."""

    def __init__(self) -> None:
        self.loads = 0
        self.let = asyncio.Event()
        self.fails = False

    async def load(self) -> int:
        self.loads += 1
        number = self.loads
        await self.let.wait()
        if self.fails:
            raise LookupError
        return number


async def test_all_who_ask_at_once_share_one_load() -> None:
    source = Source()
    cached = Cached(source.load, fresh_s=1, clock=Hand())
    asking = [asyncio.create_task(cached.get()) for _ in range(5)]
    source.let.set()
    assert await asyncio.gather(*asking) == [1] * 5


async def test_it_is_kept_for_as_long_as_it_is_fresh() -> None:
    source, hand = Source(), Hand()
    source.let.set()
    cached = Cached(source.load, fresh_s=1, clock=hand)
    assert await cached.get() == 1
    hand.now += 0.9
    assert await cached.get() == 1
    hand.now += 0.2
    assert await cached.get() == 2


async def test_who_goes_away_does_not_take_the_load_along() -> None:
    source = Source()
    cached = Cached(source.load, fresh_s=1, clock=Hand())
    impatient, patient = (asyncio.create_task(cached.get()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    source.let.set()
    assert await patient == 1


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    source = Source()
    source.fails = True
    cached = Cached(source.load, fresh_s=1, clock=Hand())
    asking = [asyncio.create_task(cached.get()) for _ in range(2)]
    source.let.set()
    assert [type(e) for e in await asyncio.gather(*asking, return_exceptions=True)] == [
        LookupError,
        LookupError,
    ]
    source.fails = False
    assert await cached.get() == 2
