"""Drain: the state between "asked to stop" and "stopped", shared by everything in one process.

    serving ──begin()──▶ draining ──close()──▶ closing

draining: not ready, new work is refused, work under way goes on. closing: the time for that is
used up; what is still open ends itself now, at a border that its client understands.

This is the platform's wish (a signal). A user's wish to stop one run is a cancel, elsewhere.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Drain:
    """One process's drain state; it only moves forward.

    Everything that outlives a moment watches it: readiness and admission read `draining`, open
    streams wait for `closing`. Bound to no event loop until somebody waits.
    """

    def __init__(self) -> None:
        self._draining = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def draining(self) -> bool:
        """Whether new work must be refused."""
        return self._draining.is_set()

    @property
    def closing(self) -> bool:
        """Whether what is still open must end now."""
        return self._closing.is_set()

    def begin(self) -> None:
        """Enter draining; a second call changes nothing."""
        self._draining.set()

    def close(self) -> None:
        """Enter closing, and draining if that was left out; a second call changes nothing."""
        self._draining.set()
        self._closing.set()

    async def wait_draining(self) -> None:
        """Return once draining has begun."""
        await self._draining.wait()

    async def wait_closing(self) -> None:
        """Return once open streams must end."""
        await self._closing.wait()


async def wait_for_stop_signal() -> signal.Signals:
    """Return the first SIGTERM or SIGINT; a second one then ends the process at once.

    Only for the main thread, and for one caller in a process: the composition root.
    """
    loop = asyncio.get_running_loop()
    received: asyncio.Future[signal.Signals] = loop.create_future()

    def receive(which: signal.Signals) -> None:
        for each in STOP_SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        if not received.done():
            received.set_result(which)

    for each in STOP_SIGNALS:
        loop.add_signal_handler(each, receive, each)
    return await received
