"""Waits that end with a stop, and tasks that have ended when they are said to have."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from openclaw_common.runtime.waiting import all_of, end, first_of, first_to_end, rest

LONG_S = 60


class Broken(Exception):
    """What a task raises."""


async def deaf(times: int, heard: list[int]) -> None:
    """Go on `times` times when cancelled."""
    while True:
        try:
            await asyncio.sleep(LONG_S)
        except asyncio.CancelledError:
            heard.append(len(heard))
            if len(heard) > times:
                raise


async def begun() -> None:
    """Let tasks reach their first wait: a task cancelled before never begins."""
    await asyncio.sleep(0)


def others() -> set[asyncio.Task[Any]]:
    """What runs besides the test."""
    return asyncio.all_tasks() - {asyncio.current_task()}


def untold() -> list[type[Exception]]:
    """What asyncio tells of from now on: exceptions that nobody asked for."""
    told: list[type[Exception]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: told.append(type(context["exception"]))
    )
    return told


async def test_a_task_that_swallows_its_first_cancel_is_ended_all_the_same() -> None:
    heard: list[int] = []
    tasks = [asyncio.create_task(deaf(1, heard)), asyncio.create_task(asyncio.sleep(LONG_S))]
    await begun()
    async with asyncio.timeout(5):
        await end(tasks)
    assert [task.cancelled() for task in tasks] == [True, True]
    assert heard == [0, 1]


async def test_tasks_may_be_given_once_and_one_by_one() -> None:
    tasks = [asyncio.create_task(asyncio.sleep(LONG_S)) for _ in range(3)]
    async with asyncio.timeout(5):
        await end(task for task in tasks)
    assert not others()


async def fails_when_ended() -> None:
    try:
        await asyncio.sleep(LONG_S)
    finally:
        raise Broken


async def fails() -> None:
    raise Broken


async def test_what_a_task_raises_because_it_was_ended_concerns_nobody() -> None:
    told = untold()
    task = asyncio.create_task(fails_when_ended())
    await begun()
    await end([task])
    del task
    gc.collect()
    assert told == []


async def test_what_a_task_had_raised_before_is_not_dropped() -> None:
    told = untold()
    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await end([task])
    del task
    gc.collect()
    assert told == [Broken]


async def test_a_wait_ends_with_what_it_waits_for_and_leaves_nothing_running() -> None:
    stopping, came = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_soon(came.set)
    async with asyncio.timeout(5):
        await first_of(came.wait(), stopping)
    assert came.is_set()
    assert not others()


async def test_a_wait_raises_what_it_waited_for_raised() -> None:
    with pytest.raises(Broken):
        await first_of(fails(), asyncio.Event())
    assert not others()


async def test_a_wait_raises_it_also_when_told_to_stop_at_the_same_moment() -> None:
    stopping = asyncio.Event()
    stopping.set()
    with pytest.raises(Broken):
        await first_of(fails(), stopping)


async def test_a_stop_ends_a_wait_whose_task_swallows_its_first_cancel() -> None:
    stopping, heard = asyncio.Event(), list[int]()
    asyncio.get_running_loop().call_later(0.01, stopping.set)
    async with asyncio.timeout(5):
        await first_of(deaf(1, heard), stopping)
    assert heard == [0, 1]
    assert not others()


async def test_a_cancelled_wait_leaves_nothing_running() -> None:
    task = asyncio.create_task(first_of(asyncio.sleep(LONG_S), asyncio.Event()))
    await begun()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not others()


async def test_waiting_for_all_ends_with_the_last() -> None:
    came = asyncio.Event()
    tasks = [asyncio.create_task(came.wait()), asyncio.create_task(asyncio.sleep(0))]
    waiting = asyncio.create_task(all_of(tasks))
    await asyncio.wait(tasks[1:])
    await begun()
    assert not waiting.done()
    came.set()
    async with asyncio.timeout(5):
        await waiting


async def test_waiting_for_all_raises_what_one_raised_while_the_others_run_on() -> None:
    tasks = [asyncio.create_task(asyncio.sleep(LONG_S)), asyncio.create_task(fails())]
    async with asyncio.timeout(5):
        with pytest.raises(Broken):
            await all_of(tasks)
    assert not tasks[0].done()
    await end(tasks)


async def test_waiting_for_nothing_ends_at_once() -> None:
    await all_of([])


async def test_a_rest_lasts_its_time_or_until_told_to_stop() -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    began = loop.time()
    await rest(0.05, stopping)
    assert loop.time() - began >= 0.04
    stopping.set()
    async with asyncio.timeout(5):
        await rest(LONG_S, stopping)


async def test_what_ends_first_ends_the_others_and_its_failure_is_raised() -> None:
    async def breaks() -> None:
        raise Broken

    async with asyncio.timeout(5):
        await first_to_end(asyncio.sleep(0), asyncio.sleep(LONG_S))
        with pytest.raises(Broken):
            await first_to_end(breaks(), asyncio.sleep(LONG_S))
    assert not others()
