"""What cells answer, of which some may be away."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.cells import answers_of


class Broken(Exception):
    """What a fault of ours raises."""


async def answer(of: str | Exception) -> str:
    if isinstance(of, Exception):
        raise of
    return of


async def test_those_that_are_there_answer_in_their_order() -> None:
    assert await answers_of(map(answer, ["a", StoreUnavailable(), "b"])) == ["a", "b"]


async def test_all_being_away_is_the_store_being_away() -> None:
    with pytest.raises(StoreUnavailable):
        await answers_of(map(answer, [StoreUnavailable(), StoreUnavailable()]))


async def test_a_fault_is_not_taken_for_an_absence() -> None:
    with pytest.raises(Broken):
        await answers_of(map(answer, ["a", StoreUnavailable(), Broken()]))


async def test_the_others_have_answered_when_a_fault_is_raised() -> None:
    answered = asyncio.Event()

    async def slow() -> str:
        await asyncio.sleep(0.01)
        answered.set()
        return "a"

    with pytest.raises(Broken):
        await answers_of([answer(Broken()), slow()])
    assert answered.is_set()
