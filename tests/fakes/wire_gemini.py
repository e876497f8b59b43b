"""The bytes of the Gemini API, as the fake provider sends them.

Shapes: https://ai.google.dev/api/generate-content; errors are google.rpc.Status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tests.fakes.provider_script import Script

_ERRORS: Final[dict[int, tuple[str, str]]] = {
    400: ("INVALID_ARGUMENT", "Invalid value at 'contents'."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    402: ("FAILED_PRECONDITION", "Billing is not enabled."),
    403: ("PERMISSION_DENIED", "Your API key may not use this API."),
    404: ("NOT_FOUND", "models/gone is not found."),
    408: ("CANCELLED", "Request timed out."),
    413: ("INVALID_ARGUMENT", "Request payload size exceeds the limit."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted."),
    500: ("INTERNAL", "An internal error has occurred (secret detail)."),
    503: ("UNAVAILABLE", "The model is overloaded."),
    504: ("DEADLINE_EXCEEDED", "Deadline exceeded."),
}
SIGNATURE: Final = "c2lnbmVk"
_FINISH: Final = {"stop": "STOP", "length": "MAX_TOKENS"}


class GeminiWire:
    """See Wire."""

    def error_body(self, code: int, message: str | None) -> dict[str, Any]:
        status, default = _ERRORS.get(code, ("UNKNOWN", f"Status {code}."))
        return {"error": {"code": code, "message": message or default, "status": status}}

    def authorised(self, headers: Mapping[str, str], key: str) -> bool:
        return headers.get("x-goog-api-key") == key

    def streams(self, path: str, body: dict[str, Any]) -> bool:
        return path.endswith(":streamGenerateContent")

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"messages": [_chat_message(content) for content in body.get("contents") or ()]}

    def whole(self, script: Script, body: dict[str, Any]) -> dict[str, Any]:
        return _chunk(script, body, [{"text": "".join(script.pieces())}], "STOP")

    def frames(self, script: Script, body: dict[str, Any]) -> GeminiFrames:
        return GeminiFrames(self, script, body)


class GeminiFrames:
    """See Frames. The first call is signed, and so is text that thoughts led to.

    A refusal in the dialect `blocked` is one of the prompt; an error in the dialect `bare` comes
    as the lines of a JSON text, without `data:`.
    """

    def __init__(self, wire: GeminiWire, script: Script, body: dict[str, Any]) -> None:
        self._wire = wire
        self._script = script
        self._body = body

    def opening(self) -> bytes:
        return b""

    def content(self) -> list[bytes]:
        script = self._script
        if script.verb == "tool":
            arguments = orjson.loads(script.tool_args)
            call = {"functionCall": {"name": script.tool_name, "args": arguments}}
            signed = {**call, "thoughtSignature": SIGNATURE}
            return [self._frame([call if n else signed]) for n in range(script.tool_count)]
        if script.verb == "refuse" and script.dialect == "blocked":
            return []
        thoughts = [
            self._frame([{"text": f"think{index} ", "thought": True}])
            for index in range(script.reasoning)
        ]
        return thoughts + [self._frame([{"text": piece}]) for piece in script.pieces()]

    def closing(self) -> bytes:
        script = self._script
        if script.verb == "refuse" and script.dialect == "blocked":
            chunk = _chunk(script, self._body, [], None)
            del chunk["candidates"]
            chunk["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
            return b"data: " + orjson.dumps(chunk) + b"\r\n\r\n"
        finish = _FINISH.get(script.finish, script.finish)
        # What was signed last comes with an empty text.
        parts = [{"text": "", "thoughtSignature": SIGNATURE}] if script.reasoning else []
        return self._frame(parts, "SAFETY" if script.verb == "refuse" else finish)

    def error(self, code: int, message: str | None) -> bytes:
        if self._script.dialect == "bare":
            body = self._wire.error_body(code, message)
            return orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n"
        return b"data: " + orjson.dumps(self._wire.error_body(code, message)) + b"\r\n\r\n"

    def rubbish(self, kind: str) -> bytes:
        return {
            "json": b"data: {not json at all\r\n\r\n",
            "html": b"<html><body>Bad gateway</body></html>",
            "truncated": b'data: {"candidates":[{"conte',
            "null": b"data: null\r\n\r\n",
            "array": b"data: [1,2]\r\n\r\n",
        }.get(kind, b"")

    def _frame(self, parts: list[dict[str, Any]], finish: str | None = None) -> bytes:
        chunk = _chunk(self._script, self._body, parts, finish)
        return b"data: " + orjson.dumps(chunk) + b"\r\n\r\n"


def _chunk(
    script: Script, body: dict[str, Any], parts: list[dict[str, Any]], finish: str | None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": parts}
    if finish:
        candidate["finishReason"] = finish
    prompt, answer = len(body.get("contents") or ()), len(script.pieces())
    usage = {
        "promptTokenCount": prompt + script.cached,
        "candidatesTokenCount": answer,
        "totalTokenCount": prompt + script.cached + answer + script.reasoning,
    }
    if script.cached:
        usage["cachedContentTokenCount"] = script.cached
    if script.reasoning:
        usage["thoughtsTokenCount"] = script.reasoning
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "fake",
        "responseId": "resp-fake",
    }


def _chat_message(content: dict[str, Any]) -> dict[str, Any]:
    parts = content.get("parts") or []
    for part in parts:
        if response := part.get("functionResponse"):
            answer = response["response"]
            text = answer.get("output", answer.get("return_value", answer))
            return {"role": "tool", "content": text if isinstance(text, str) else str(text)}
    role = "assistant" if content.get("role") == "model" else "user"
    texts = [{"type": "text", "text": part["text"]} for part in parts if "text" in part]
    return {"role": role, "content": texts}
