"""One answer of OpenAI's chat-completions protocol, folded from bytes to pieces.

Source: https://platform.openai.com/docs/api-reference/chat/streaming. Tolerated beyond it, because
compatible providers do it: absent `finish_reason`, `index`, `id` or `[DONE]`, repeated tool names,
arguments as an object, content as parts, and a whole answer (`chat.completion`) in place of a
stream. Anything else raises the failure of `errors.malformed`, and nothing but an UpstreamFailure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson

from openclaw_agent_worker.models.errors import (
    Redaction,
    UpstreamFailure,
    disconnected,
    from_error_object,
    malformed,
)
from openclaw_agent_worker.models.sse import DataLines, LineTooLong

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class TextPiece:
    """Text of the answer."""

    text: str


@dataclass(slots=True)
class ReasoningPiece:
    """Text of the model's reasoning."""

    text: str


@dataclass(slots=True)
class CallPiece:
    """Part of a tool call; `id` and `name` stand in the first piece of a `slot` only."""

    slot: int
    text: str
    id: str | None = None
    name: str | None = None


Piece = TextPiece | ReasoningPiece | CallPiece


@dataclass(frozen=True, slots=True)
class Counts:
    """Token counts as the provider reported them; `total` may exceed the sum."""

    prompt: int
    completion: int
    total: int
    cached: int
    reasoning: int


class Answer:
    """Folds the body of one answer; pieces that touch within one read come out as one.

    `failure` is what stood behind the pieces of the last read; it is raised where there are none.
    """

    def __init__(self, redact: Redaction) -> None:
        self.failure: UpstreamFailure | None = None
        self.finish_reason: str | None = None
        self.counts: Counts | None = None
        self.done = False
        self._redact = redact
        self._lines = DataLines()
        self._pieces: list[Piece] = []
        self._slots: dict[int, str] = {}
        self._bare_slots: set[int] = set()
        self._bytes = 0
        self._events = 0
        self._half_pairs: dict[tuple[type[Piece], int], str] = {}

    def feed(self, data: bytes) -> list[Piece]:
        """Return the pieces in one network read of an event stream. Raises UpstreamFailure."""
        self._bytes += len(data)
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
        if not self.done and self.finish_reason is None:
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
        if self.failure is not None or not self._events:
            raise self.failure or malformed()
        self.done = True
        return pieces

    def _fold_all(self, values: list[bytes]) -> list[Piece]:
        pieces: list[Piece] = []
        self._pieces = pieces
        try:
            for value in values:
                if value == b"[DONE]":
                    self.done = True
                    break
                if value:
                    self._fold(_decode(value))
        except UpstreamFailure as failure:
            if not pieces:
                raise
            self.failure = failure
        return pieces

    def _fold(self, chunk: Any) -> None:
        if not isinstance(chunk, dict):
            raise malformed()
        if error := chunk.get("error"):
            raise from_error_object(error, self._redact)
        if usage := chunk.get("usage"):
            self.counts = _counts(usage) or self.counts
        choices = chunk.get("choices")
        if not choices:
            return
        if not isinstance(choices, list) or not isinstance(choices[0], dict):
            raise malformed()
        self._events += 1
        choice = choices[0]
        if finish := choice.get("finish_reason"):
            self.finish_reason = str(finish)
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            self._fold_delta(delta)

    def _fold_delta(self, delta: dict[str, Any]) -> None:
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            self._add(ReasoningPiece, 0, _plain_text(reasoning))
        if content := delta.get("content"):
            self._add(TextPiece, 0, _plain_text(content))
        if refusal := delta.get("refusal"):
            self._add(TextPiece, 0, _plain_text(refusal))
        if calls := delta.get("tool_calls"):
            if not isinstance(calls, list):
                raise malformed()
            for position, call in enumerate(calls):
                self._fold_call(call, position)

    def _fold_call(self, call: Any, position: int) -> None:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise malformed()
        slot, given = call.get("index"), call.get("id")
        if not isinstance(slot, int):
            slot = self._slot_without_index(given, position)
        if slot not in self._slots:
            name = function.get("name")
            if not isinstance(name, str) or not name:
                raise malformed()
            call_id = given if isinstance(given, str) and given else f"call_{uuid4().hex[:24]}"
            self._slots[slot] = call_id
            self._bare_slots.add(slot)
            self._pieces.append(CallPiece(slot, "", _clean(call_id), _clean(name)))
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        if isinstance(arguments, str) and arguments:
            self._bare_slots.discard(slot)
            self._add(CallPiece, slot, arguments)

    def _slot_without_index(self, given: Any, position: int) -> int:
        known = {call_id: slot for slot, call_id in self._slots.items()}
        if given in known:
            return known[given]
        return len(self._slots) if given else position

    def _add(self, kind: type[Piece], slot: int, text: str) -> None:
        if self._half_pairs or _SURROGATE.search(text):
            text = self._join_pairs(kind, slot, text)
        if not text:
            return
        last = self._pieces[-1] if self._pieces else None
        if type(last) is kind and getattr(last, "slot", 0) == slot:
            last.text += text
        elif kind is CallPiece:
            self._pieces.append(CallPiece(slot, text))
        else:
            self._pieces.append(TextPiece(text) if kind is TextPiece else ReasoningPiece(text))

    def _join_pairs(self, kind: type[Piece], slot: int, text: str) -> str:
        """Return `text` with surrogate pairs joined, also over chunks; lone ones as U+FFFD."""
        text = self._half_pairs.pop((kind, slot), "") + text
        if "\ud800" <= text[-1:] <= "\udbff":
            self._half_pairs[kind, slot] = text[-1]
            text = text[:-1]
        return _clean(text)


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


def _clean(text: str) -> str:
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = (part.get("text") for part in value if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    raise malformed()


def _counts(usage: Any) -> Counts | None:
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    return Counts(
        prompt=prompt,
        completion=completion,
        total=max(prompt + completion, _count(usage, "total_tokens")),
        cached=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning=_count(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _count(holder: Any, name: str) -> int:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, int) and value >= 0 else 0
