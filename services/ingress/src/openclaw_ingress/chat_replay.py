"""What a chat-completions stream has said so far, held against an attempt that says it again.

A client cannot be told to forget what it was sent. So when a run starts over, its new attempt may
only repeat that, word for word, before it says more; at the first difference the stream is at an
end (design: Streams and readers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Difference(Exception):
    """The new attempt says something else than what was sent."""


@dataclass(slots=True)
class _Call:
    id: Any
    name: Any
    arguments: str
    at: int
    begun: bool = True


class Passed:
    """The text, tool calls and finish reason that were sent, and how far they were repeated.

    Text is kept as the inside of JSON string literals: equal texts have equal literals when one
    encoder writes them all, and `encode_delta` is the only one.
    """

    __slots__ = ("_at", "_calls", "_finish", "_repeating", "_text")

    def __init__(self) -> None:
        self._text = bytearray()
        self._at = 0
        self._calls: dict[int, _Call] = {}
        self._finish: str | None = None
        self._repeating = False

    def restart(self) -> None:
        """A new attempt begins from nothing."""
        self._at = 0
        for call in self._calls.values():
            call.at = 0
            call.begun = False
        self._repeating = bool(self._text or self._calls or self._finish)

    def add_text(self, literal: bytes) -> bytes:
        """Return the literal of what is new in a JSON string literal, `""` for nothing.

        Raises Difference.
        """
        if not self._repeating:
            self._text += literal[1:-1]
            return literal
        text = literal[1:-1]
        known = self._text[self._at : self._at + len(text)]
        if not text.startswith(known):
            raise Difference
        new = text[len(known) :]
        if new and self._finish:
            raise Difference
        self._text += new
        self._at += len(text)
        self._repeating = bool(self._finish) or self._is_behind()
        return b'"%s"' % new

    def add_tool_piece(self, piece: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is new in the data of a `tool_call.delta`, None for nothing.

        Raises Difference.
        """
        index, arguments = int(piece["index"]), str(piece.get("arguments", ""))
        call = self._calls.get(index)
        if call is None:
            if self._finish:
                raise Difference
            self._calls[index] = _Call(
                piece.get("id"), piece.get("name"), arguments, len(arguments)
            )
            return piece
        if not self._repeating:
            call.arguments += arguments
            call.at = len(call.arguments)
            return piece
        if not call.begun and (piece.get("id"), piece.get("name")) != (call.id, call.name):
            raise Difference
        call.begun = True
        known = call.arguments[call.at : call.at + len(arguments)]
        if not arguments.startswith(known):
            raise Difference
        new = arguments[len(known) :]
        if new and self._finish:
            raise Difference
        call.arguments += new
        call.at += len(arguments)
        return {"index": index, "arguments": new} if new else None

    def finish(self, reason: str) -> str | None:
        """Return `reason` when it is new, None when it was sent. Raises Difference."""
        if self._repeating and self._is_behind():
            raise Difference
        if self._finish is not None:
            if reason != self._finish:
                raise Difference
            return None
        self._finish = reason
        return reason

    def _is_behind(self) -> bool:
        return self._at < len(self._text) or any(
            not call.begun or call.at < len(call.arguments) for call in self._calls.values()
        )
