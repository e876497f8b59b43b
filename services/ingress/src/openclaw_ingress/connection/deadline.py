"""A moment by which something must have happened, cheap to move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `expired` once when the deadline passes, unless it was cleared or moved before.

    Clearing and moving to a later moment touch no timer: the one that is set looks at the deadline
    when it fires. A busy connection so costs one timer in each period, not one a request.
    """

    __slots__ = ("_at", "_expired", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at: float | None = None
        self._handle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether there is a deadline."""
        return self._at is not None

    def start(self, seconds: float) -> None:
        """Set the deadline, in place of one that was set before."""
        self._at = self._loop.time() + seconds
        if self._handle is not None:
            if self._handle.when() <= self._at:
                return
            self._handle.cancel()
        self._handle = self._loop.call_at(self._at, self._fire)

    def clear(self) -> None:
        """Have no deadline."""
        self._at = None

    def close(self) -> None:
        """Have no deadline and no timer."""
        self._at = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        if self._at is None:
            return
        if self._at > self._loop.time():
            self._handle = self._loop.call_at(self._at, self._fire)
            return
        self._at = None
        self._expired()
