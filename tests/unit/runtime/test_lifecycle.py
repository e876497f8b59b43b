"""Draining and stop signals."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from openclaw_common.runtime.clock import SystemClock
from openclaw_common.runtime.lifecycle import (
    STOP_SIGNALS,
    Drain,
    raise_open_files_limit,
    wait_for_stop_signal,
)


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


@pytest.fixture
def few_files() -> Iterator[int]:
    """The hard limit of open files, with a low soft one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(("wanted", "allowed"), [(100, 256), (256, 256), (300, 300)])
def test_the_open_files_limit_is_raised_as_far_as_wanted(
    few_files: int, wanted: int, allowed: int
) -> None:
    assert raise_open_files_limit(wanted) == allowed
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, few_files)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [((256, 300), 300), ((256, -1), 1000), ((-1, -1), sys.maxsize)],
)
def test_the_open_files_limit_stays_within_the_systems(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], allowed: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    assert raise_open_files_limit(1000) == allowed


def test_an_open_files_limit_that_cannot_be_raised_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, -1))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_open_files_limit(1000) == 256


def test_the_systems_clock_goes_forward() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert abs(clock.wall() - time.time()) < 5
