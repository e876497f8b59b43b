"""From ended spans to where they are kept: buffered, in batches, never in anybody's way.

Each outlet has a bounded buffer and a task of its own, so that a collector that hangs keeps nothing
from the store. What does not fit is dropped and counted. An outlet that fails says so once, and
once that it works again; one that takes less than there is says so every minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from openclaw_common.runtime import tracing_encoding as encoding
from openclaw_common.runtime.log_context import task_apart
from openclaw_common.runtime.tracing_encoding import Origin
from openclaw_common.runtime.waiting import end

if TYPE_CHECKING:
    from openclaw_common.runtime.tracing import Span

logger = logging.getLogger(__name__)

MAX_BATCH: Final = 2048
"""Spans that an outlet is given at once, and that wait for no more."""
GATHER_S: Final = 0.1
"""How long an ended span waits to be encoded with others, in seconds: one after another they find
code and data in the processor's caches, which each in the midst of other work would not."""
MAX_GATHERED: Final = 256
"""Spans that wait to be encoded at most."""
MAX_TOGETHER: Final = 32 * 1024
"""Bytes of spans that are handed on as one."""
OVERFLOW_S: Final = 60.0
"""How often it is told, in seconds, that spans are dropped although somebody takes them."""


class Ended(NamedTuple):
    """Spans that have ended: the runs they are shown with, where they come from, their fields."""

    runs: tuple[str, ...]
    origin: Origin
    fields: bytes
    spans: int = 1


@dataclass(slots=True)
class Together:
    """Spans that have ended in this process and are shown with the same runs; `size` in bytes."""

    runs: tuple[str, ...]
    spans: list[Span] = field(default_factory=list)
    fields: list[bytes] = field(default_factory=list)
    size: int = 0


def gathered(spans: Sequence[Span]) -> list[Together]:
    """Encode spans of one tracer, in groups of no more than MAX_TOGETHER bytes or of one span."""
    if not spans:
        return []
    groups: list[Together] = []
    last: dict[tuple[str, ...], Together] = {}
    for span, body in zip(spans, spans[0].tracer.messages(spans), strict=True):
        runs = tuple(span.runs)
        group = last.get(runs)
        if group is None or group.size + len(body) > MAX_TOGETHER:
            group = last[runs] = Together(runs)
            groups.append(group)
        group.spans.append(span)
        group.fields.append(encoding.span(body))
        group.size += len(body)
    return groups


Send = Callable[[Sequence[Ended]], Awaitable[None]]
"""Hands a batch on. Raises OutletError."""


class OutletError(Exception):
    """A batch was not taken; the text says what to look at."""


class Outlet:
    """Hands spans on in batches, every `flush_s` seconds and when one is full.

    It holds at most `most` of them, or as many as come together.
    """

    def __init__(self, name: str, send: Send, *, flush_s: float, most: int) -> None:
        self._name = name
        self._send = send
        self._flush_s = flush_s
        self._most = most
        self._buffer: deque[Ended] = deque()
        self._held = 0
        self._dropped = 0
        self._failing = False
        self._told_at = float("-inf")
        self._enough = min(MAX_BATCH, most / 2)
        self._filled = asyncio.Event()
        self._due = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def put(self, ended: Ended) -> None:
        """Take spans; drops them where there is no room."""
        if self._held and self._held + ended.spans > self._most:
            self._dropped += ended.spans
            return
        self._held += ended.spans
        self._buffer.append(ended)
        if len(self._buffer) == 1:
            if self._task is None:
                self._task = task_apart(self._run(), f"spans-{self._name}")
            self._filled.set()
        if self._held >= self._enough:
            self._due.set()

    async def close(self, timeout_s: float) -> None:
        """Hand on what is left, for at most `timeout_s` seconds."""
        self._closing = True
        self._filled.set()
        self._due.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout_s)
            await end([self._task])

    async def _run(self) -> None:
        while self._buffer or not self._closing:
            await self._filled.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._flush_s):
                    await self._due.wait()
            while self._buffer:
                await self._hand_on(self._batch())
            if not self._closing:
                self._filled.clear()
                self._due.clear()

    def _batch(self) -> list[Ended]:
        batch: list[Ended] = []
        room = MAX_BATCH
        while self._buffer and (not batch or self._buffer[0].spans <= room):
            batch.append(self._buffer.popleft())
            room -= batch[-1].spans
        self._held -= MAX_BATCH - room
        return batch

    async def _hand_on(self, batch: Sequence[Ended]) -> None:
        try:
            await self._send(batch)
        except Exception as error:
            # The top of the task: were it to end, all spans to come would be dropped, and untold.
            self._dropped += sum(ended.spans for ended in batch)
            if not self._failing:
                self._failing = True
                logger.warning(
                    "tracing.not_exported",
                    extra={"outlet": self._name, "why": str(error)},
                    exc_info=not isinstance(error, OutletError),
                )
            return
        if not self._dropped:
            return
        now = asyncio.get_running_loop().time()
        told = {"outlet": self._name, "dropped_spans": self._dropped}
        if self._failing:
            logger.info("tracing.exported_again", extra=told)
        elif now - self._told_at >= OVERFLOW_S:
            self._told_at = now
            logger.warning("tracing.overflowed", extra=told)
        else:
            return
        self._failing, self._dropped = False, 0


class Pipeline:
    """A Recorder that hands spans of this process to outlets."""

    def __init__(self, origin: Origin, outlets: Sequence[Outlet]) -> None:
        self._origin = origin
        self._outlets = tuple(outlets)
        self._ended: list[Span] = []
        self._timer: asyncio.TimerHandle | None = None

    def begun(self, span: Span) -> None:
        """See Recorder: nothing is done before the end."""

    def forgotten(self, span: Span) -> None:
        """See Recorder: nothing is done before the end."""

    def leaving(self, span: Span) -> None:
        """See Recorder: nothing is done before the end."""

    def ended(self, span: Span) -> None:
        """See Recorder."""
        self._ended.append(span)
        if len(self._ended) >= MAX_GATHERED:
            self._encode()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._encode)

    def _encode(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        ended, self._ended = self._ended, []
        for together in gathered(ended):
            self.put(
                Ended(together.runs, self._origin, b"".join(together.fields), len(together.fields))
            )

    def put(self, ended: Ended) -> None:
        """Hand spans to every outlet."""
        for outlet in self._outlets:
            outlet.put(ended)

    async def close(self, timeout_s: float) -> None:
        """Hand on what is left, for at most `timeout_s` seconds."""
        self._encode()
        await asyncio.gather(*(outlet.close(timeout_s) for outlet in self._outlets))
