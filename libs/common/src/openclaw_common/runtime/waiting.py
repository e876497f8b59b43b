"""Waiting for something, but not past a stop; and ending tasks so that they have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable
from contextlib import suppress
from typing import Any, Final

CANCEL_AGAIN_S: Final = 0.1
"""How long a cancelled task has before it is cancelled once more."""


async def end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel what still runs until all of it has ended; what it raises on its way is dropped.

    One cancel() can be swallowed, by a connection that is just answering (Redis') or a timeout that
    has just expired. What had failed before is nobody's to drop: asyncio tells of it.
    """
    ending = [task for task in tasks if not task.done()]
    while pending := [task for task in ending if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
    for task in ending:
        if not task.cancelled():
            task.exception()


async def first_to_end(*awaited: Awaitable[object]) -> None:
    """Run until one of them ends or fails, and end the others; raises what it raised."""
    tasks = [asyncio.ensure_future(each) for each in awaited]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(tasks)


async def first_of(awaited: Awaitable[object], stopping: asyncio.Event) -> None:
    """Wait for `awaited`, but not once `stopping` is set; raises what it raised.

    Nothing of it runs on afterwards.
    """
    await first_to_end(awaited, stopping.wait())


async def all_of(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Return when all have ended, or raise what one raised as soon as it has; the others run on."""
    if tasks:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        if task.done():
            task.result()


async def rest(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, but not once `stopping` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
