"""The `data` lines of a server-sent event stream, fed with bytes as they come off the socket.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, narrowed to what model
providers send: every `data` line is a whole JSON text, so each is handed out by itself, which also
reads providers that leave out the blank line in between. Comments and other fields are dropped.
"""

from __future__ import annotations

from typing import Final

MAX_LINE_BYTES: Final = 8 * 1024 * 1024


class LineTooLong(ValueError):
    """A line exceeded MAX_LINE_BYTES; this is no event stream."""


class DataLines:
    """Splits an event stream into the values of its `data` lines."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the values completed by `data`. Raises LineTooLong."""
        lines = (self._tail + data).split(b"\n")
        self._tail = lines.pop()
        if len(self._tail) > MAX_LINE_BYTES:
            raise LineTooLong
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]

    def end(self) -> list[bytes]:
        """Return the value of a last line that was not terminated."""
        return self.feed(b"\n")
