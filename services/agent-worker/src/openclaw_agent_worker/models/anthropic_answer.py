"""One answer of Anthropic's Messages API, folded from bytes to pieces.

Source: https://docs.anthropic.com/en/api/messages-streaming. Events, blocks and deltas of a type
that is not known here are passed over, as that page asks.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic_ai.messages import FinishReason
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.answer import (
    Answer,
    ReasoningPiece,
    TextPiece,
    clean,
    count_of,
    index_of,
    json_of,
    object_of,
    text_of,
)
from openclaw_agent_worker.models.errors import Redaction, from_error_object

REDACTED: Final = "redacted_thinking"
"""The id of reasoning that is not shown; its signature is what goes back."""

_FINISH: Final[dict[str, FinishReason]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
}
_COUNTS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


class MessagesAnswer(Answer):
    """An Answer of the Messages API."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__(redact)
        self._counts: dict[str, int] = {}
        self._thinking_tokens = 0

    @property
    def usage(self) -> RequestUsage | None:
        """See Answer.usage; cached tokens are part of the input, which they are not over there."""
        if not self._counts:
            return None
        plain, output, read, written = (self._counts.get(name, 0) for name in _COUNTS)
        return RequestUsage(
            input_tokens=plain + read + written,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_tokens=written,
            details={"reasoning_tokens": self._thinking_tokens} if self._thinking_tokens else {},
        )

    def _fold(self, event: Any) -> None:
        event = object_of(event)
        kind = event.get("type")
        if kind == "error" or (kind is None and "error" in event):
            raise from_error_object(event.get("error"), self._redact)
        self._events += 1
        match kind:
            case "message_start":
                self._count(object_of(event.get("message")).get("usage"))
            case "content_block_start":
                block = object_of(event.get("content_block"))
                self._fold_block(index_of(event, "index"), block)
            case "content_block_delta":
                self._fold_delta(index_of(event, "index"), object_of(event.get("delta")))
            case "message_delta":
                self._count(event.get("usage"))
                self._fold_end(object_of(event.get("delta")))
            case "message_stop":
                self.done = True
            case _:
                return

    def _fold_block(self, slot: int, block: dict[str, Any]) -> None:
        match block.get("type"):
            case "text":
                self._add(TextPiece, slot, text_of(block.get("text", "")))
            case "thinking":
                self._add(ReasoningPiece, slot, text_of(block.get("thinking", "")))
                self._sign(slot, block.get("signature"))
            case "redacted_thinking":
                self._sign(slot, block.get("data"), REDACTED)
            case "tool_use":
                self._open_call(slot, text_of(block.get("id")), text_of(block.get("name")))
                if arguments := block.get("input"):
                    self._add_arguments(slot, json_of(object_of(arguments)))
            case _:
                return

    def _fold_delta(self, slot: int, delta: dict[str, Any]) -> None:
        match delta.get("type"):
            case "text_delta":
                self._add(TextPiece, slot, text_of(delta.get("text")))
            case "thinking_delta":
                self._add(ReasoningPiece, slot, text_of(delta.get("thinking")))
            case "signature_delta":
                self._sign(slot, delta.get("signature"))
            case "input_json_delta" if slot in self._called:
                self._add_arguments(slot, text_of(delta.get("partial_json")))
            case _:
                return

    def _fold_end(self, delta: dict[str, Any]) -> None:
        if (reason := delta.get("stop_reason")) is None:
            return
        self.ended = _FINISH.get(str(reason), "stop")
        details = delta.get("stop_details")
        explanation = details.get("explanation") if isinstance(details, dict) else None
        if self.ended == "content_filter" and isinstance(explanation, str):
            self._add(TextPiece, -1, explanation)

    def _sign(self, slot: int, signature: Any, part_id: str | None = None) -> None:
        if signature:
            self._pieces.append(ReasoningPiece("", slot, part_id, clean(text_of(signature))))

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        # The later event's counts are of the whole answer, and it may leave some out.
        self._counts |= {
            name: count_of(usage, name) for name in _COUNTS if usage.get(name) is not None
        }
        thinking = count_of(usage.get("output_tokens_details"), "thinking_tokens")
        self._thinking_tokens = thinking or self._thinking_tokens
