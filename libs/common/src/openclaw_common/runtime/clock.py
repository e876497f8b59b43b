"""Time as an argument, so that what depends on it can be told the time by a test.

Time that processes must agree on is Redis's (`TIME` in the scripts), never this clock's.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The two readings that code here may ask for."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never go back; for durations."""
        ...

    def wall(self) -> float:
        """Return Unix seconds; for what people read."""
        ...


class SystemClock:
    """The clock of this host."""

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def wall(self) -> float:
        """Return `time.time()`."""
        return time.time()
