"""Deadlines that move without touching their timer."""

from __future__ import annotations

import asyncio

from openclaw_ingress.connection.deadline import Deadline


class Watched:
    """A deadline, and the moments at which it expired."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.expired = asyncio.Event()
        self.count = 0
        self.deadline = Deadline(self.loop, self._expire)

    def _expire(self) -> None:
        self.count += 1
        self.expired.set()


async def test_it_expires_once() -> None:
    watched = Watched()
    watched.deadline.start(0.02)
    async with asyncio.timeout(5):
        await watched.expired.wait()
    assert not watched.deadline.running
    assert watched.count == 1


async def test_a_later_moment_replaces_an_earlier_one() -> None:
    watched = Watched()
    began = watched.loop.time()
    watched.deadline.start(0.02)
    watched.deadline.start(0.1)
    async with asyncio.timeout(5):
        await watched.expired.wait()
    assert watched.loop.time() - began >= 0.09
    assert watched.count == 1


async def test_an_earlier_moment_replaces_a_later_one() -> None:
    watched = Watched()
    watched.deadline.start(60)
    watched.deadline.start(0.02)
    async with asyncio.timeout(5):
        await watched.expired.wait()
    assert watched.count == 1


async def test_what_was_cleared_does_not_expire_and_can_be_started_again() -> None:
    watched = Watched()
    watched.deadline.start(0.02)
    watched.deadline.clear()
    reached = asyncio.Event()
    watched.loop.call_later(0.06, reached.set)
    await reached.wait()
    assert watched.count == 0
    watched.deadline.start(0.02)
    async with asyncio.timeout(5):
        await watched.expired.wait()
    watched.deadline.start(60)
    watched.deadline.close()
    assert not watched.deadline.running
