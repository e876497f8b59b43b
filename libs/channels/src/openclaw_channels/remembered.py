"""What was looked up, for a while."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from openclaw_common.runtime.clock import Clock

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by name, each for `seconds`; past `entries` the oldest goes first."""

    def __init__(self, clock: Clock, seconds: float, entries: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._entries = entries
        self._values: OrderedDict[str, tuple[float, Value]] = OrderedDict()

    def get(self, name: str) -> Value | None:
        """Return the value, None when it is not known or too old."""
        found = self._values.get(name)
        if found is None or found[0] <= self._clock.monotonic():
            return None
        return found[1]

    def put(self, name: str, value: Value, *, seconds: float | None = None) -> None:
        """Remember a value, for `seconds` in place of the usual time."""
        lasts = self._seconds if seconds is None else seconds
        self._values.pop(name, None)
        self._values[name] = (self._clock.monotonic() + lasts, value)
        while len(self._values) > self._entries:
            self._values.popitem(last=False)
