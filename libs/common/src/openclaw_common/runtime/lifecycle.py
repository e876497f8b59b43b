"""The life of a process: what it may open, when it must stop, and the drain in between.

    serving ──begin()──▶ draining ──close()──▶ closing

draining: not ready, new work is refused, work under way goes on. closing: the time for that is
used up; what is still open ends itself now, at a border that its client understands.

This is the platform's wish (a signal). A user's wish to stop one run is a cancel, elsewhere.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
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

    def leave_to_the_system() -> None:
        for each in STOP_SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    def receive(which: signal.Signals) -> None:
        leave_to_the_system()
        received.set_result(which)

    for each in STOP_SIGNALS:
        loop.add_signal_handler(each, receive, each)
    try:
        return await received
    finally:
        leave_to_the_system()


def raise_open_files_limit(wanted: int) -> int:
    """Let this process open `wanted` files and sockets, or as many as the system allows.

    Returns how many it may open now. The soft limit is 1024 on most systems, and one connection is
    one open file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return sys.maxsize if soft == resource.RLIM_INFINITY else soft
    target = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    except ValueError:
        # macOS has a lower limit behind the one it tells.
        return soft
    return target
