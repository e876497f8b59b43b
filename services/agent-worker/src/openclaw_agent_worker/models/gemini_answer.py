"""One answer of the Gemini API, folded from bytes to pieces.

Source: https://ai.google.dev/api/generate-content and, for the signatures of thoughts,
https://ai.google.dev/gemini-api/docs/thought-signatures. Parts of a kind that is not known here are
passed over. The stream has no last event: it is whole if a reason to stop came before its end.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import orjson
from pydantic_ai.messages import FinishReason
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.answer import (
    Answer,
    CallPiece,
    Piece,
    ReasoningPiece,
    TextPiece,
    clean,
    count_of,
    json_of,
    object_of,
    text_of,
)
from openclaw_agent_worker.models.errors import (
    Redaction,
    UpstreamFailure,
    disconnected,
    from_error_object,
    malformed,
)
from openclaw_agent_worker.models.sse import DataLinesAndRest

_FINISH: Final[dict[str, FinishReason]] = {
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
_UNUSABLE: Final = frozenset(
    {
        "LANGUAGE",
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
        "NO_IMAGE",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    }
)
"""Reasons to stop that leave no answer; the same request may well get one."""
_COUNTS: Final = (
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "cachedContentTokenCount",
)


class GeminiAnswer(Answer):
    """An Answer of `streamGenerateContent`."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__(redact)
        self._lines: DataLinesAndRest = DataLinesAndRest()
        self._counts: dict[str, int] = {}
        self._slot = 0
        self._open: type[Piece] | None = None
        """What the next text goes on with if it is of that kind, in `_slot`."""

    @property
    def usage(self) -> RequestUsage | None:
        """See Answer.usage; thoughts are part of the output, which they are not over there."""
        if not self._counts:
            return None
        prompt, tools, said, thought, cached = (self._counts.get(name, 0) for name in _COUNTS)
        return RequestUsage(
            input_tokens=prompt + tools,
            output_tokens=said + thought,
            cache_read_tokens=cached,
            details={"reasoning_tokens": thought} if thought else {},
        )

    def end(self) -> list[Piece]:
        """See Answer.end; an error in mid-stream comes as bare JSON, which no line announces."""
        try:
            return super().end()
        except UpstreamFailure as failure:
            error = _error_in(self._lines.rest)
            raise failure if error is None else from_error_object(error, self._redact) from None

    def _fold(self, event: Any) -> None:
        event = object_of(event)
        if "error" in event:
            raise from_error_object(event["error"], self._redact)
        self._events += 1
        self._count(event.get("usageMetadata"))
        candidates = event.get("candidates")
        if not candidates:
            self._fold_feedback(event.get("promptFeedback"))
        elif isinstance(candidates, list):
            self._fold_candidate(object_of(candidates[0]))
        else:
            raise malformed()

    def _fold_candidate(self, candidate: dict[str, Any]) -> None:
        content = candidate.get("content")
        parts = object_of(content).get("parts") if content else None
        for part in parts if isinstance(parts, list) else ():
            self._fold_part(object_of(part))
        if reason := text_of(candidate.get("finishReason") or ""):
            if reason in _UNUSABLE:
                raise disconnected()
            self._stop(_FINISH.get(reason, "stop"), candidate.get("finishMessage"))

    def _fold_feedback(self, feedback: Any) -> None:
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._stop("content_filter", feedback.get("blockReasonMessage"))

    def _stop(self, reason: FinishReason, message: Any) -> None:
        self.ended = "tool_call" if reason == "stop" and self._called else reason
        if reason == "content_filter" and isinstance(message, str):
            self._fold_text(TextPiece, message, "")

    def _fold_part(self, part: dict[str, Any]) -> None:
        signature = clean(text_of(part.get("thoughtSignature") or ""))
        if (call := part.get("functionCall")) is not None:
            self._fold_call(object_of(call), signature)
        elif (text := part.get("text")) is not None:
            kind = ReasoningPiece if part.get("thought") is True else TextPiece
            self._fold_text(kind, text_of(text), signature)

    def _fold_call(self, call: dict[str, Any], signature: str) -> None:
        self._slot += 1
        self._open = None
        call_id = text_of(call.get("id") or f"call_{uuid4().hex}")
        self._open_call(self._slot, call_id, text_of(call.get("name")))
        self._sign(CallPiece(self._slot, "", signature=signature or None))
        self._add_arguments(self._slot, json_of(object_of(call.get("args") or {})))

    def _fold_text(self, kind: type[TextPiece | ReasoningPiece], text: str, signature: str) -> None:
        """Add a text; what a signature is of ends with it, and the next text begins another."""
        if self._open is not kind:
            if not text:
                return
            self._slot += 1
            self._open = kind
        self._add(kind, self._slot, text)
        if signature:
            self._sign(kind("", self._slot, signature=signature))
            self._open = None

    def _sign(self, signed: Piece) -> None:
        last = self._pieces[-1] if self._pieces else None
        if type(last) is type(signed) and last.slot == signed.slot:
            last.signature = signed.signature
        else:
            self._pieces.append(signed)

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            # Each event counts the answer so far, and may leave out what did not change.
            found = {name: count_of(usage, name) for name in _COUNTS if name in usage}
            self._counts |= found


def _error_in(rest: bytes) -> Any:
    """Return the error object of a JSON text, None where it is none."""
    try:
        value = orjson.loads(rest)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, list) and value:
        value = value[0]
    return value.get("error") if isinstance(value, dict) else None
