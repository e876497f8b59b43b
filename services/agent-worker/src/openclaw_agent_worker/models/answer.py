"""One answer of a provider, folded from the bytes of its event stream to pieces.

What the protocols have in common: data lines of JSON, text that may hold halves of surrogate pairs,
errors in mid-stream, and answers that break off. Nothing but an UpstreamFailure comes out of it.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import uuid4

import orjson
from pydantic_ai.messages import FinishReason
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.errors import (
    Redaction,
    UpstreamFailure,
    disconnected,
    malformed,
)
from openclaw_agent_worker.models.sse import DataLines, LineTooLong

MAX_ANSWER_BYTES: Final = 128 * 1024 * 1024
"""Most bytes of one event stream, whatever is in it."""
MAX_COUNT: Final = 10**9
"""Most tokens that a provider is believed to have counted."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

Slot = int | tuple[int, int]
"""What tells the parts of an answer that are of one kind apart."""


@dataclass(slots=True)
class TextPiece:
    """Text of the answer; `signature` is what the provider takes back with it."""

    text: str
    slot: Slot = 0
    signature: str | None = None


@dataclass(slots=True)
class ReasoningPiece:
    """Text of the model's reasoning; `id` and `signature` are what the provider takes back."""

    text: str
    slot: Slot = 0
    id: str | None = None
    signature: str | None = None


@dataclass(slots=True)
class CallPiece:
    """Part of a tool call; `id` and `name` stand in the first piece of a `slot` only.

    `signature` is what the provider takes back with the call.
    """

    slot: Slot
    text: str
    id: str | None = None
    name: str | None = None
    signature: str | None = None


Piece = TextPiece | ReasoningPiece | CallPiece


class Answer(ABC):
    """Folds the body of one answer; pieces that touch within one read come out as one.

    `failure` is what stood behind the pieces of the last read; it is raised where there are none.
    """

    ends_by_mark: ClassVar[bool] = False
    """Whether an answer may end with `[DONE]` or its JSON text, and not say why it stopped."""

    def __init__(self, redact: Redaction) -> None:
        self.failure: UpstreamFailure | None = None
        self.ended: FinishReason | None = None
        """Why the model stopped; None until it did."""
        self.done = False
        """Whether the protocol's last event has come."""
        self._redact = redact
        self._lines: DataLines = DataLines()
        self._pieces: list[Piece] = []
        self._called: set[Slot] = set()
        self._bare_slots: set[Slot] = set()
        self._bytes = 0
        self._events = 0
        self._half_pairs: dict[tuple[type[Piece], Slot], str] = {}

    @property
    @abstractmethod
    def usage(self) -> RequestUsage | None:
        """What the provider counted, None where it did not."""

    @abstractmethod
    def _fold(self, event: Any) -> None:
        """Take in one event, as it is decoded from JSON. Raises UpstreamFailure."""

    def feed(self, data: bytes) -> list[Piece]:
        """Return the pieces in one network read of an event stream. Raises UpstreamFailure."""
        self._bytes += len(data)
        if self._bytes > MAX_ANSWER_BYTES:
            raise malformed()
        try:
            values = self._lines.feed(data)
        except LineTooLong:
            raise malformed() from None
        return self._fold_all(values)

    def end(self) -> list[Piece]:
        """Return the pieces of the rest; a call without arguments gets the JSON text `{}`.

        Raises UpstreamFailure when the answer is not whole.
        """
        try:
            pieces = self._fold_all([] if self.done else self._lines.end())
        except UpstreamFailure:
            raise disconnected() from None
        if not self.done and self.ended is None:
            raise malformed() if self._bytes and not self._events else disconnected()
        for kind, slot in list(self._half_pairs):
            del self._half_pairs[kind, slot]
            self._add(kind, slot, "\ufffd")
        for slot in self._bare_slots:
            self._pieces.append(CallPiece(slot, "{}"))
        self._bare_slots.clear()
        return pieces

    def whole(self, body: bytes) -> list[Piece]:
        """Return the pieces of an answer that came as one JSON object. Raises UpstreamFailure."""
        pieces = self._fold_all([body])
        ended = self.done or self.ended is not None or (self.ends_by_mark and self._events > 0)
        if self.failure is not None or not ended:
            raise self.failure or malformed()
        self.done = True
        return pieces

    def _fold_all(self, values: list[bytes]) -> list[Piece]:
        pieces: list[Piece] = []
        self._pieces = pieces
        try:
            for value in values:
                if value == b"[DONE]":
                    self._end_by_mark()
                elif value:
                    self._fold(_decode(value))
                if self.done:
                    break
        except UpstreamFailure as failure:
            if not pieces:
                raise
            self.failure = failure
        return pieces

    def _end_by_mark(self) -> None:
        # Proxies put the mark behind answers of every protocol.
        if self.ends_by_mark:
            if not self._events:
                raise malformed()
            self.done = True

    def _open_call(self, slot: Slot, call_id: str, name: str) -> None:
        if not name or slot in self._called:
            raise malformed()
        self._called.add(slot)
        self._bare_slots.add(slot)
        call_id = clean(call_id) or f"call_{uuid4().hex}"
        self._pieces.append(CallPiece(slot, "", call_id, clean(name)))

    def _add_arguments(self, slot: Slot, text: str) -> None:
        if slot not in self._called:
            raise malformed()
        if text:
            self._bare_slots.discard(slot)
            self._add(CallPiece, slot, text)

    def _add(self, kind: type[Piece], slot: Slot, text: str) -> None:
        if self._half_pairs or _SURROGATE.search(text):
            text = self._join_pairs(kind, slot, text)
        if not text:
            return
        last = self._pieces[-1] if self._pieces else None
        if type(last) is kind and last.slot == slot:
            last.text += text
        elif kind is CallPiece:
            self._pieces.append(CallPiece(slot, text))
        else:
            self._pieces.append(
                TextPiece(text, slot) if kind is TextPiece else ReasoningPiece(text, slot)
            )

    def _join_pairs(self, kind: type[Piece], slot: Slot, text: str) -> str:
        """Return `text` with surrogate pairs joined, also over chunks; lone ones as U+FFFD."""
        text = self._half_pairs.pop((kind, slot), "") + text
        if "\ud800" <= text[-1:] <= "\udbff":
            self._half_pairs[kind, slot] = text[-1]
            text = text[:-1]
        return clean(text)


def clean(text: str) -> str:
    """Return `text` with surrogate pairs joined and lone surrogates as U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_of(value: Any) -> str:
    """Return an event's value as a JSON text again; it may hold lone surrogates."""
    return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def object_of(value: Any) -> dict[str, Any]:
    """Return `value`, which the protocol says is an object. Raises UpstreamFailure."""
    if not isinstance(value, dict):
        raise malformed()
    return value


def text_of(value: Any) -> str:
    """Return `value`, which the protocol says is a text. Raises UpstreamFailure."""
    if not isinstance(value, str):
        raise malformed()
    return value


def index_of(event: dict[str, Any], name: str) -> int:
    """Return the member that the protocol says is a position. Raises UpstreamFailure."""
    value = event.get(name)
    if not isinstance(value, int):
        raise malformed()
    return value


def count_of(holder: Any, name: str) -> int:
    """Return a token count, at most MAX_COUNT, 0 where there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return min(value, MAX_COUNT) if isinstance(value, int) and value >= 0 else 0


def _decode(value: bytes) -> Any:
    # orjson refuses lone surrogates and broken UTF-8, which must not end a stream.
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(value.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise malformed() from None
