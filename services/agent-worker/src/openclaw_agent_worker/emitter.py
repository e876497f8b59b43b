"""Publishes a reply as run events while it is produced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import orjson

from openclaw_agent_worker.agent.port import ToolCallPiece, ToolCompleted, ToolStarted
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.contracts.run_event import (
    MESSAGE_DELTA,
    REASONING_DELTA,
    TOOL_CALL_DELTA,
    TOOL_COMPLETED,
    TOOL_STARTED,
    encode_delta,
)

Event = tuple[str, bytes]
Publish = Callable[[Sequence[Event]], Awaitable[None]]

MAX_PIECE_CHARS: Final = 256
"""Length of one piece of a tool call's arguments (contract §1.1)."""
MAX_ARGUMENTS_CHARS: Final = 4096
"""Length of the arguments that `tool.started` shows of a call of ours."""
MAX_DELTA_CHARS: Final = 16_384
"""Length of one text event, so that a reader's buffer can always hold a few."""
GATHER_S: Final = 0.2
"""How long text of a run that nobody watches may wait for more, in seconds."""


class OutputLimitExceeded(GatewayError):
    """The reply is larger than runs.maxOutputBytes."""

    def __init__(self, max_bytes: int) -> None:
        message = f"The reply exceeded {max_bytes} bytes, the limit set by runs.maxOutputBytes."
        super().__init__(ErrorBody(500, API_ERROR, message, "output_limit"))


class Emitter:
    """Turns a reply's text and tool calls into published run events, in order.

    A watched reply is written at once, and the caller waits for the write: what the provider
    sends meanwhile comes out of the next read in one piece, so a slow store makes fewer, larger
    events and never a queue. With `gather_s` text is instead kept until it is that old and more
    of it comes; `take` gives what is left.
    """

    def __init__(
        self,
        publish: Publish,
        monotonic: Callable[[], float],
        *,
        max_bytes: int,
        gather_s: float = 0.0,
    ) -> None:
        self._publish = publish
        self._monotonic = monotonic
        self._max_bytes = max_bytes
        self._gather_s = gather_s
        self._bytes = 0
        self._texts: list[str] = []
        self._waiting_type = MESSAGE_DELTA
        self._waiting: list[Event] = []
        self._waiting_since: float | None = None
        self._reply: list[str] = []
        self._begun = monotonic()
        self._first_text: float | None = None

    @property
    def first_text_ms(self) -> int | None:
        """Milliseconds from its making to the first text, None before that."""
        return None if self._first_text is None else round(self._first_text * 1000)

    @property
    def started(self) -> bool:
        """Whether anything was emitted, so that a second try could contradict it."""
        return self._bytes > 0

    @property
    def text(self) -> str:
        """The text of the reply so far."""
        return "".join(self._reply)

    async def emit_text(self, text: str) -> None:
        """Publish text of the reply. Raises LeaseLost; OutputLimitExceeded behind what fitted."""
        if self._first_text is None:
            self._first_text = self._monotonic() - self._begun
        size = len(text.encode("utf-8", "replace"))
        fitting = text if self._bytes + size <= self._max_bytes else self._fitting(text)
        self._reply.append(fitting)
        await self._emit_string(MESSAGE_DELTA, fitting)
        if fitting is not text:
            raise OutputLimitExceeded(self._max_bytes)

    async def emit_reasoning(self, text: str) -> None:
        """Publish text of the reasoning. Raises LeaseLost, OutputLimitExceeded."""
        await self._emit_string(REASONING_DELTA, text)

    async def emit_tool(self, event: ToolStarted | ToolCompleted) -> None:
        """Publish that one of our tools starts or has answered. Raises LeaseLost."""
        self._close_text()
        self._waiting.append(_tool_event(event))
        await self._written(0)

    async def emit_call(self, piece: ToolCallPiece) -> None:
        """Publish a piece of a tool call. Raises LeaseLost, OutputLimitExceeded."""
        self._close_text()
        self._waiting += _call_events(piece)
        await self._written(len(piece.arguments) + len(piece.name or "") + len(piece.id or ""))

    def take(self) -> list[Event]:
        """Return the events that are not published yet; the caller publishes them."""
        self._close_text()
        events, self._waiting = self._waiting, []
        self._waiting_since = None
        return events

    async def _emit_string(self, event_type: str, text: str) -> None:
        if event_type != self._waiting_type:
            self._close_text()
            self._waiting_type = event_type
        self._texts.append(text)
        await self._written(len(text.encode("utf-8", "replace")))

    def _fitting(self, text: str) -> str:
        room = max(0, self._max_bytes - self._bytes)
        return text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")

    def _close_text(self) -> None:
        if self._texts:
            text = "".join(self._texts)
            self._texts.clear()
            for start in range(0, len(text), MAX_DELTA_CHARS):
                delta = encode_delta(text[start : start + MAX_DELTA_CHARS])
                self._waiting.append((self._waiting_type, delta))

    async def _written(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._max_bytes:
            raise OutputLimitExceeded(self._max_bytes)
        if self._gather_s:
            now = self._monotonic()
            if self._waiting_since is None:
                self._waiting_since = now
            if now - self._waiting_since < self._gather_s:
                return
        await self._publish(self.take())


def _tool_event(event: ToolStarted | ToolCompleted) -> Event:
    if isinstance(event, ToolCompleted):
        ended = {
            "tool_call_id": event.call_id,
            "name": event.name,
            "is_error": event.is_error,
        }
        return TOOL_COMPLETED, orjson.dumps(ended)
    call = event.call
    started = {
        "tool_call_id": call.id,
        "name": call.name,
        "arguments": call.arguments[:MAX_ARGUMENTS_CHARS],
    }
    return TOOL_STARTED, orjson.dumps(started)


def _call_events(piece: ToolCallPiece) -> list[Event]:
    events: list[Event] = []
    if piece.name is not None:
        opening = {"index": piece.index, "id": piece.id, "name": piece.name, "arguments": ""}
        events.append((TOOL_CALL_DELTA, orjson.dumps(opening)))
    for start in range(0, len(piece.arguments), MAX_PIECE_CHARS):
        text = piece.arguments[start : start + MAX_PIECE_CHARS]
        part = {"index": piece.index, "arguments": text}
        events.append((TOOL_CALL_DELTA, orjson.dumps(part)))
    return events
