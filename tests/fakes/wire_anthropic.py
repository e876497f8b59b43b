"""The bytes of Anthropic's Messages API, as the fake provider sends them.

Shapes: https://docs.anthropic.com/en/api/messages-streaming and /en/api/errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tests.fakes.provider_script import Script
from tests.fakes.wire import fragments

_ERRORS: Final[dict[int, tuple[str, str]]] = {
    400: ("invalid_request_error", "messages: at least one message is required"),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low."),
    403: ("permission_error", "Your API key may not use this resource."),
    404: ("not_found_error", "model: gone"),
    408: ("timeout_error", "Request timed out."),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your rate limit."),
    500: ("api_error", "Internal server error (secret detail)."),
    503: ("api_error", "Service unavailable."),
    504: ("timeout_error", "Timed out."),
    529: ("overloaded_error", "Overloaded"),
}
_STOP: Final = {"stop": "end_turn", "length": "max_tokens"}


class AnthropicWire:
    """See Wire."""

    def error_body(self, code: int, message: str | None) -> dict[str, Any]:
        kind, default = _ERRORS.get(code, ("api_error", f"Status {code}."))
        error = {"type": kind, "message": message or default}
        return {"type": "error", "error": error, "request_id": "req_fake"}

    def authorised(self, headers: Mapping[str, str], key: str) -> bool:
        given = (headers.get("X-Api-Key"), headers.get("Authorization"))
        return given in ((key, None), (None, f"Bearer {key}")) and "anthropic-version" in headers

    def streams(self, path: str, body: dict[str, Any]) -> bool:
        return bool(body.get("stream"))

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"messages": [_chat_message(message) for message in body.get("messages") or ()]}

    def whole(self, script: Script, body: dict[str, Any]) -> dict[str, Any]:
        return _message(script, body, [{"type": "text", "text": "".join(script.pieces())}])

    def frames(self, script: Script, body: dict[str, Any]) -> AnthropicFrames:
        return AnthropicFrames(self, script, body)


class AnthropicFrames:
    """See Frames; a block's start comes with its first piece, its stop with its last."""

    def __init__(self, wire: AnthropicWire, script: Script, body: dict[str, Any]) -> None:
        self._wire = wire
        self._script = script
        self._body = body

    def opening(self) -> bytes:
        message = {**_message(self._script, self._body, []), "stop_reason": None}
        return _event("message_start", {"message": message}) + _event("ping", {})

    def content(self) -> list[bytes]:
        script = self._script
        if script.verb == "tool":
            return [frame for index in range(script.tool_count) for frame in self._tool(index)]
        out: list[bytes] = []
        if script.reasoning:
            thoughts = [f"think{index} " for index in range(script.reasoning)]
            start = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": thought} for thought in thoughts]
            deltas.append({"type": "signature_delta", "signature": "c2lnbmVk"})
            out += _block(0, start, deltas)
        texts = [{"type": "text_delta", "text": piece} for piece in script.pieces()]
        return out + _block(int(bool(out)), {"type": "text", "text": ""}, texts)

    def closing(self) -> bytes:
        script = self._script
        stop = _STOP.get(script.finish, script.finish)
        stop = {"tool": "tool_use", "refuse": "refusal"}.get(script.verb, stop)
        usage = {"output_tokens": len(script.pieces())}
        delta = {"stop_reason": stop, "stop_sequence": None}
        return _event("message_delta", {"delta": delta, "usage": usage}) + _event(
            "message_stop", {}
        )

    def error(self, code: int, message: str | None) -> bytes:
        return _event("error", self._wire.error_body(code, message))

    def rubbish(self, kind: str) -> bytes:
        head = b"event: content_block_delta\ndata: "
        return {
            "json": head + b"{not json at all\n\n",
            "html": b"<html><body>Bad gateway</body></html>",
            "truncated": head + b'{"type":"content_blo',
            "null": head + b"null\n\n",
            "array": head + b"[1,2]\n\n",
        }.get(kind, b"")

    def _tool(self, index: int) -> list[bytes]:
        script = self._script
        start = {"type": "tool_use", "id": f"toolu_{index}", "name": script.tool_name, "input": {}}
        pieces = fragments(script.tool_args)
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        return _block(index, start, deltas)


def _block(index: int, start: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
    frames = [_event("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
    opening = _event("content_block_start", {"index": index, "content_block": start})
    frames[0] = opening + frames[0]
    frames[-1] += _event("content_block_stop", {"index": index})
    return frames


def _event(name: str, value: dict[str, Any]) -> bytes:
    return (
        b"event: " + name.encode() + b"\ndata: " + orjson.dumps({"type": name, **value}) + b"\n\n"
    )


def _message(script: Script, body: dict[str, Any], content: list[Any]) -> dict[str, Any]:
    usage = {
        "input_tokens": len(body.get("messages") or ()),
        "output_tokens": 1,
        "cache_read_input_tokens": script.cached,
        "cache_creation_input_tokens": 0,
    }
    return {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "fake"),
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def _chat_message(message: dict[str, Any]) -> dict[str, Any]:
    content = message["content"]
    if isinstance(content, list):
        results = [block for block in content if block.get("type") == "tool_result"]
        if results:
            result = results[-1]["content"]
            return {"role": "tool", "content": result}
    return {"role": message["role"], "content": content}
