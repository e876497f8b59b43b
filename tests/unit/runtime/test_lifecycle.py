"""Draining and stop signals."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from openclaw_common.runtime.clock import SystemClock
from openclaw_common.runtime.lifecycle import STOP_SIGNALS, Drain, wait_for_stop_signal


async def test_draining_comes_before_closing_and_wakes_those_who_wait() -> None:
    drain = Drain()
    draining = asyncio.create_task(drain.wait_draining())
    closing = asyncio.create_task(drain.wait_closing())
    assert (drain.draining, drain.closing) == (False, False)
    drain.begin()
    async with asyncio.timeout(5):
        await draining
    assert (drain.draining, drain.closing, closing.done()) == (True, False, False)
    drain.close()
    async with asyncio.timeout(5):
        await closing
    drain.begin()
    drain.close()
    assert (drain.draining, drain.closing) == (True, True)


async def test_closing_at_once_is_draining_too() -> None:
    drain = Drain()
    drain.close()
    assert (drain.draining, drain.closing) == (True, True)


@pytest.mark.parametrize("which", STOP_SIGNALS)
async def test_the_first_signal_is_told_and_the_second_is_the_systems(
    which: signal.Signals,
) -> None:
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}
    waiting = asyncio.create_task(wait_for_stop_signal())
    await asyncio.sleep(0)
    try:
        os.kill(os.getpid(), which)
        async with asyncio.timeout(5):
            assert await waiting is which
        assert [signal.getsignal(each) for each in STOP_SIGNALS] == [signal.SIG_DFL] * 2
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_the_systems_clock_goes_forward() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert abs(clock.wall() - time.time()) < 5
