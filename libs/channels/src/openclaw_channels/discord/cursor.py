"""How far a connection has come: up to where all messages are known, and the last of each channel.

An id tells when a message was written, so one id stands for all channels; the ids of single
channels tell what is known beyond it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import orjson

_OUT_OF_ORDER: Final = 60_000 << 22
"""How far ids of several channels may come out of order: a minute, as ids count."""


class Cursor:
    """`mark`: every message up to it was taken in, in every channel; None before the first."""

    def __init__(self, entries: int, text: str | None = None) -> None:
        self._entries = entries
        told = _read(text)
        self.mark: int | None = told.get("mark")
        self._seen: OrderedDict[str, int] = OrderedDict(told.get("seen", {}))
        self._direct: OrderedDict[str, int] = OrderedDict(told.get("direct", {}))
        self.caught_up = False

    def saw(self, channel: str, message: int, *, direct: bool) -> None:
        """Take note that a channel's messages are known up to one."""
        kept = self._direct if direct else self._seen
        kept[channel] = max(message, kept.pop(channel, 0))
        if len(kept) > self._entries:
            kept.popitem(last=False)
        if self.caught_up:
            self.mark = max(message, self.mark or 0)

    def catch_up(self, now: int) -> None:
        """Take note that nothing is missing up to the newest known message, at least `now`."""
        self.caught_up = True
        self.mark = max(now, self.mark or 0, *self._seen.values(), *self._direct.values())

    def after(self, channel: str) -> int | None:
        """Return the message of a channel after which there may be unknown ones."""
        known = self._seen.get(channel, self._direct.get(channel))
        if self.mark is None:
            return known
        return max(known or 0, self.mark - _OUT_OF_ORDER)

    @property
    def direct(self) -> list[str]:
        """The direct channels, which nobody tells of after an interruption; newest first."""
        return list(reversed(self._direct))

    def encode(self) -> str:
        """Return it as text; what the mark stands for already is left out of it."""
        covered = (self.mark or 0) - _OUT_OF_ORDER
        seen = {channel: last for channel, last in self._seen.items() if last > covered}
        told = {"mark": self.mark, "seen": seen, "direct": self._direct}
        return orjson.dumps(told).decode()


def _read(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    told = orjson.loads(text)
    return told if isinstance(told, dict) else {}
