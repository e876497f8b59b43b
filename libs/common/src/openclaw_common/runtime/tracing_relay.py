"""Spans of a supervised process go out through its supervisor, which outlives it.

A span that is still open when its process is killed would leave what was exported below it without
a parent. So the child announces an open span together with the first thing below it that goes out,
and before another process is told of it; when the child has died, the supervisor ends what is still
open, as an error. Most spans end before they need be announced, which would cost as much again.

    child:       Relay ─ one datagram for many frames ─▶ supervisor: RelayEnd ─▶ Pipeline

A frame is its kind (1 byte), the length of its runs (2) and of its content (4), then both. That of
ended spans holds how many they are (2) and how many of them were announced (2), the ids of those (8
each), and their fields: what ends, and that it was open, arrive together or not at all. What
does not fit into the socket is sent later, up to a bound: the child never waits.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from openclaw_common.runtime import tracing_encoding as encoding
from openclaw_common.runtime.tracing_encoding import Origin
from openclaw_common.runtime.tracing_pipeline import Ended, Pipeline, Together, gathered

if TYPE_CHECKING:
    from openclaw_common.runtime.tracing import Span

MAX_DATAGRAM: Final = 60_000
"""Bytes sent at once; below what the kernel's default buffers take."""
MAX_WAITING: Final = 256
"""Ended spans that wait at most."""
MAX_BEHIND: Final = 4 * 1024 * 1024
"""Bytes that wait for a supervisor that reads too slowly; more are dropped."""
CLOSE_S: Final = 0.2
"""How long the end of a child waits for its supervisor to read, in seconds."""
GATHER_S: Final = 0.1
"""How long a frame waits for more, in seconds: what a killed process may take with it; twice as
long what began in it and had nothing below it yet."""
REST_S: Final = 0.2
"""How long a supervisor rests between two looks, in seconds: waking up costs more than reading."""
INTERRUPTED: Final = "process_died"
"""`error.type` of a span whose process died."""

_logger: Final = logging.getLogger(__name__)

_ORIGIN: Final = 0
_OPEN: Final = 1
_ENDED: Final = 2
_FORGOTTEN: Final = 3
_HEADER: Final = struct.Struct("!BHI")
_ENDED_HEADER: Final = struct.Struct("!HH")
_ID_BYTES: Final = 8


def relay_pair() -> tuple[socket.socket, socket.socket]:
    """Return the supervisor's end and the child's."""
    ours, childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    childs.setblocking(False)
    return ours, childs


def _frame(kind: int, runs: bytes, content: bytes) -> bytes:
    return _HEADER.pack(kind, len(runs), len(content)) + runs + content


def _frames(datagram: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    at = 0
    while at < len(datagram):
        kind, runs, content = _HEADER.unpack_from(datagram, at)
        start = at + _HEADER.size
        at = start + runs + content
        yield kind, datagram[start : start + runs], datagram[start + runs : at]


class Relay:
    """The child's end; a Recorder. `dropped` counts datagrams that did not fit."""

    def __init__(self, end: socket.socket, origin: Origin) -> None:
        self._end = end
        self._waiting: list[bytes] = [
            _frame(_ORIGIN, b"", _frame(_ORIGIN, origin.resource, origin.scope))
        ]
        self._ended: list[Span] = []
        # Spans that began since the last flush by time, those that were open then, and the ids of
        # open spans that the supervisor knows of.
        self._young: list[Span] = []
        self._older: list[Span] = []
        self._announced: set[bytes] = set()
        self._behind: deque[bytes] = deque()
        self._bytes_behind = 0
        self._timer: asyncio.TimerHandle | None = None
        self.dropped = 0

    def begun(self, span: Span) -> None:
        """See Recorder: announced if it is still open at the flush after the next."""
        self._young.append(span)
        if self._timer is None:
            self._soon()

    def ended(self, span: Span) -> None:
        """See Recorder."""
        self._ended.append(span)
        if len(self._ended) >= MAX_WAITING:
            self.flush()
        elif self._timer is None:
            self._soon()

    def forgotten(self, span: Span) -> None:
        """See Recorder."""
        if self._close([span]):
            self._waiting.append(_frame(_FORGOTTEN, b"", span.begin_message()))

    def leaving(self, span: Span) -> None:
        """See Recorder: what another process will show below it must not lack a parent."""
        while span.parent is not None and span.trace is span.parent.trace:
            # Past the bound of its segment nobody is told of a span, but of the one above it.
            span = span.parent
        self._send_all([span])

    def _close(self, spans: Iterable[Span]) -> list[bytes]:
        """Note that spans are open no more; returns the ids of those that were announced."""
        if not self._announced:
            return []
        ids = [span.trace.span_id for span in spans if span.trace.span_id in self._announced]
        self._announced.difference_update(ids)
        return ids

    def _soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._flush_all)

    def _flush_all(self) -> None:
        self._timer = None
        self._send_all(self._older)
        self._older = [span for span in self._young if not span.ended]
        self._young = []
        if self._older:
            self._soon()

    def flush(self) -> None:
        """Send what waits, with the open spans above it."""
        self._send_all(())

    def _send_all(self, leaving: Sequence[Span]) -> None:
        """Send what waits, and `leaving` with what is above it."""
        ended, self._ended = self._ended, []
        waiting, self._waiting = self._waiting, []
        frames = [*waiting]
        for span in leaving:
            self._announce(span, frames)
        for span in ended:
            self._announce(span.parent, frames)
        frames += [_ended_frame(group, self._close(group.spans)) for group in gathered(ended)]
        datagram: list[bytes] = []
        size = 0
        for frame in frames:
            if datagram and size + len(frame) > MAX_DATAGRAM:
                self._send(datagram)
                datagram, size = [], 0
            datagram.append(frame)
            size += len(frame)
        if datagram:
            self._send(datagram)
        if self._behind:
            self._catch_up()

    def _announce(self, span: Span | None, frames: list[bytes]) -> None:
        while span is not None and not span.ended and span.trace.span_id not in self._announced:
            self._announced.add(span.trace.span_id)
            frames.append(_frame(_OPEN, _runs(span), span.tracer.opened(span)))
            span = span.parent

    def _send(self, frames: list[bytes]) -> None:
        datagram = b"".join(frames)
        if not self._behind:
            try:
                self._end.send(datagram)
                return
            except BlockingIOError:
                pass
            except OSError as error:
                # Too large for one datagram, or the supervisor is gone.
                self._drop(type(error).__name__)
                return
        if self._bytes_behind + len(datagram) > MAX_BEHIND:
            self._drop("its supervisor reads too slowly")
            return
        self._behind.append(datagram)
        self._bytes_behind += len(datagram)

    def _catch_up(self) -> None:
        """Send what the socket had no room for, in order: a span has to begin before it ends."""
        try:
            while self._behind:
                self._end.send(self._behind[0])
                self._bytes_behind -= len(self._behind.popleft())
        except BlockingIOError:
            if self._timer is None:
                self._soon()
        except OSError as error:
            self._drop(type(error).__name__)
            self._behind.clear()
            self._bytes_behind = 0

    def _drop(self, why: str) -> None:
        if not self.dropped:
            _logger.warning("tracing.not_exported", extra={"outlet": "supervisor", "why": why})
        self.dropped += 1

    def close(self) -> None:
        """Send what waits and close."""
        self._end.settimeout(CLOSE_S)
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
        self._end.close()


def _ended_frame(together: Together, closing: Sequence[bytes]) -> bytes:
    head = _ENDED_HEADER.pack(len(together.fields), len(closing))
    content = b"".join([head, *closing, *together.fields])
    return _frame(_ENDED, "\n".join(together.runs).encode(), content)


def _runs(span: Span) -> bytes:
    return "\n".join(span.runs).encode()


class RelayEnd:
    """The supervisor's end: hands on what the child sends, and ends what it left open."""

    def __init__(self, end: socket.socket, pipeline: Pipeline) -> None:
        self._end = end
        self._pipeline = pipeline
        self._origin = Origin(b"", b"")
        self._open: dict[bytes, tuple[bytes, bytes]] = {}
        self._resting: asyncio.TimerHandle | None = None
        self._listen()

    def _listen(self) -> None:
        self._resting = None
        asyncio.get_running_loop().add_reader(self._end.fileno(), self._read_and_rest)

    def _read_and_rest(self) -> None:
        # Until then what comes waits in the socket, which outlives the child as this process does.
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._end.fileno())
        self._resting = loop.call_later(REST_S, self._listen)
        self._read()

    def _read(self) -> None:
        while True:
            try:
                datagram = self._end.recv(1 << 18)
            except OSError:
                return
            if not datagram:
                return
            for kind, runs, content in _frames(datagram):
                self._take(kind, runs, content)

    def _take(self, kind: int, runs: bytes, content: bytes) -> None:
        if kind == _ORIGIN:
            ((_, resource, scope),) = _frames(content)
            self._origin = Origin(resource, scope)
        elif kind == _OPEN:
            self._open[content[encoding.SPAN_ID]] = (runs, content)
        elif kind == _FORGOTTEN:
            self._open.pop(content[encoding.SPAN_ID], None)
        else:
            count, closing = _ENDED_HEADER.unpack_from(content)
            at = _ENDED_HEADER.size
            for _ in range(closing):
                self._open.pop(content[at : at + _ID_BYTES], None)
                at += _ID_BYTES
            self._hand_on(runs, content[at:], count)

    def child_ended(self) -> None:
        """Take what the child still sent, and end what it left open."""
        self._read()
        if self._resting is not None:
            self._resting.cancel()
        asyncio.get_running_loop().remove_reader(self._end.fileno())
        self._end.close()
        now_ns = time.time_ns()
        for runs, content in self._open.values():
            error = encoding.attributes(b"\x4a", {"error.type": INTERRUPTED})
            body = content + error + encoding.end(now_ns, failed=True)
            self._hand_on(runs, encoding.span(body), 1)
        self._open.clear()

    def _hand_on(self, runs: bytes, fields: bytes, count: int) -> None:
        ids = tuple(runs.decode().split("\n")) if runs else ()
        self._pipeline.put(Ended(ids, self._origin, fields, count))
