"""The `data` lines of a server-sent event stream, fed with bytes as they come off the socket.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, narrowed to what model
providers send: every `data` line is a whole JSON text, so each is handed out by itself, which also
reads providers that leave out the blank line in between. Comments and other fields are dropped.
"""

from __future__ import annotations

from typing import Final

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
MAX_REST_BYTES: Final = 64 * 1024


class LineTooLong(ValueError):
    """A line exceeded MAX_LINE_BYTES; this is no event stream."""


class DataLines:
    """Splits an event stream into the values of its `data` lines."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the values completed by `data`. Raises LineTooLong."""
        return [line[5:].strip() for line in self._split(data) if line.startswith(b"data:")]

    def end(self) -> list[bytes]:
        """Return the value of a last line that was not terminated."""
        return self.feed(b"\n")

    def _split(self, data: bytes) -> list[bytes]:
        self._tail += data
        lines: list[bytes] = []
        if b"\n" in data:
            lines = bytes(self._tail).split(b"\n")
            self._tail = bytearray(lines.pop())
        if len(self._tail) > MAX_LINE_BYTES:
            raise LineTooLong
        if lines and not self._begun:
            self._begun = True
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        return lines


class DataLinesAndRest(DataLines):
    """DataLines that keep the other lines too, up to MAX_REST_BYTES of them, in `rest`."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """See DataLines.feed."""
        lines = self._split(data)
        values = [line[5:].strip() for line in lines if line.startswith(b"data:")]
        if len(self.rest) < MAX_REST_BYTES:
            others = (line.strip() for line in lines if not line.startswith(b"data:"))
            self.rest += b"".join(others)[:MAX_REST_BYTES]
        return values
