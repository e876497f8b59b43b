"""One answer of OpenAI's chat-completions protocol, folded from bytes to pieces.

Source: https://platform.openai.com/docs/api-reference/chat/streaming. Tolerated beyond it, because
compatible providers do it: absent `finish_reason`, `index`, `id` or `[DONE]`, repeated tool names,
arguments as an object, content as parts, and a whole answer (`chat.completion`) in place of a
stream. Anything else raises the failure of `errors.malformed`, and nothing but an UpstreamFailure.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from pydantic_ai.messages import FinishReason
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.answer import (
    Answer,
    ReasoningPiece,
    TextPiece,
    count_of,
    json_of,
)
from openclaw_agent_worker.models.errors import Redaction, from_error_object, malformed

_FINISH: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "content_filter": "content_filter",
}


class ChatAnswer(Answer):
    """An Answer of chat completions."""

    ends_by_mark = True

    def __init__(self, redact: Redaction) -> None:
        super().__init__(redact)
        self._usage: RequestUsage | None = None
        self._slots: dict[int, str] = {}

    @property
    def usage(self) -> RequestUsage | None:
        """See Answer.usage."""
        return self._usage

    def _fold(self, event: Any) -> None:
        if not isinstance(event, dict):
            raise malformed()
        if error := event.get("error"):
            raise from_error_object(error, self._redact)
        if usage := event.get("usage"):
            self._usage = _usage(usage) or self._usage
        choices = event.get("choices")
        if not choices:
            return
        if not isinstance(choices, list) or not isinstance(choices[0], dict):
            raise malformed()
        self._events += 1
        choice = choices[0]
        if finish := choice.get("finish_reason"):
            self.ended = _FINISH.get(str(finish), "stop")
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
            self._open_call(slot, call_id, name)
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json_of(arguments)
        if isinstance(arguments, str):
            self._add_arguments(slot, arguments)

    def _slot_without_index(self, given: Any, position: int) -> int:
        known = {call_id: slot for slot, call_id in self._slots.items()}
        if given in known:
            return known[given]
        return len(self._slots) if given else position


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = (part.get("text") for part in value if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    raise malformed()


def _usage(usage: Any) -> RequestUsage | None:
    if not isinstance(usage, dict):
        return None
    prompt, completion = count_of(usage, "prompt_tokens"), count_of(usage, "completion_tokens")
    return RequestUsage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=count_of(usage.get("prompt_tokens_details"), "cached_tokens"),
        details={
            "reasoning_tokens": count_of(
                usage.get("completion_tokens_details"), "reasoning_tokens"
            ),
            "total_tokens": max(prompt + completion, count_of(usage, "total_tokens")),
        },
    )
