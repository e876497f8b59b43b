"""One answer of OpenAI's Responses API, folded from bytes to pieces.

Source: https://platform.openai.com/docs/api-reference/responses-streaming. Events and items of a
type that is not known here are passed over.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic_ai.messages import FinishReason
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.answer import (
    Answer,
    ReasoningPiece,
    Slot,
    TextPiece,
    clean,
    count_of,
    index_of,
    object_of,
    text_of,
)
from openclaw_agent_worker.models.errors import Redaction, from_error_object

_TEXT: Final = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING: Final = {
    "response.reasoning_summary_text.delta": "summary_index",
    "response.reasoning_text.delta": "content_index",
}
_INCOMPLETE: Final[dict[str, FinishReason]] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}


class ResponsesAnswer(Answer):
    """An Answer of the Responses API."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__(redact)
        self._usage: RequestUsage | None = None
        self._ids: dict[int, str] = {}
        """Of the reasoning items, by their place."""
        self._named: set[Slot] = set()
        """Slots of reasoning whose first piece, which has the id, has come."""
        self._shown: set[int] = set()
        """Places of the messages of which text has come."""

    @property
    def usage(self) -> RequestUsage | None:
        """See Answer.usage."""
        return self._usage

    def _fold(self, event: Any) -> None:
        event = object_of(event)
        kind = event.get("type")
        if kind == "error" or (kind is None and "error" in event):
            # The member `error` is where OpenAI's own server puts what the reference has flat.
            raise from_error_object(event.get("error") or {**event, "type": None}, self._redact)
        self._events += 1
        if kind in _TEXT:
            slot = index_of(event, "output_index")
            self._shown.add(slot)
            self._add(TextPiece, slot, text_of(event.get("delta")))
        elif kind in _REASONING:
            self._fold_reasoning(event, _REASONING[kind])
        elif kind == "response.function_call_arguments.delta":
            self._add_arguments(index_of(event, "output_index"), text_of(event.get("delta")))
        elif kind in ("response.output_item.added", "response.output_item.done"):
            place, item = index_of(event, "output_index"), object_of(event.get("item"))
            self._fold_item(place, item, done=kind.endswith("done"))
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            self._fold_end(object_of(event.get("response")))

    def _fold_reasoning(self, event: dict[str, Any], index_name: str) -> None:
        place = index_of(event, "output_index")
        slot = (place, index_of(event, index_name))
        self._add(ReasoningPiece, slot, text_of(event.get("delta")))
        last = self._pieces[-1] if self._pieces else None
        if slot not in self._named and isinstance(last, ReasoningPiece) and last.slot == slot:
            self._named.add(slot)
            last.id = self._ids.get(place)

    def _fold_item(self, place: int, item: dict[str, Any], *, done: bool) -> None:
        match item.get("type"):
            case "reasoning":
                self._fold_reasoning_item(place, item, done=done)
            case "function_call":
                if place not in self._called:
                    self._open_call(place, text_of(item.get("call_id")), text_of(item.get("name")))
                if done and place in self._bare_slots:
                    self._add_arguments(place, text_of(item.get("arguments", "")))
            case "message" if done and place not in self._shown:
                content = item.get("content")
                for part in map(object_of, content if isinstance(content, list) else ()):
                    text = part.get("text") or part.get("refusal") or ""
                    self._add(TextPiece, place, text_of(text))
            case _:
                return

    def _fold_reasoning_item(self, place: int, item: dict[str, Any], *, done: bool) -> None:
        if isinstance(item_id := item.get("id"), str):
            self._ids[place] = clean(item_id)
        sealed = item.get("encrypted_content")
        if done and sealed:
            signature = clean(text_of(sealed))
            self._named.add((place, 0))
            self._pieces.append(ReasoningPiece("", (place, 0), self._ids.get(place), signature))

    def _fold_end(self, response: dict[str, Any]) -> None:
        if response.get("status") == "failed" or response.get("error"):
            raise from_error_object(response.get("error"), self._redact)
        self._usage = _usage(response.get("usage"))
        details = response.get("incomplete_details")
        if response.get("status") == "incomplete" and isinstance(details, dict):
            self.ended = _INCOMPLETE.get(str(details.get("reason")), "length")
        else:
            self.ended = "tool_call" if self._called else "stop"
        self.done = True


def _usage(usage: Any) -> RequestUsage | None:
    if not isinstance(usage, dict):
        return None
    given, output = count_of(usage, "input_tokens"), count_of(usage, "output_tokens")
    reasoning = count_of(usage.get("output_tokens_details"), "reasoning_tokens")
    cache = usage.get("input_tokens_details")
    return RequestUsage(
        input_tokens=given,
        output_tokens=output,
        cache_read_tokens=count_of(cache, "cached_tokens"),
        cache_write_tokens=count_of(cache, "cache_write_tokens"),
        details={
            "reasoning_tokens": reasoning,
            "total_tokens": max(given + output, count_of(usage, "total_tokens")),
        },
    )
