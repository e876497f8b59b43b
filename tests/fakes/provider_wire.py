"""The bytes of OpenAI's chat-completions protocol, as the fake provider sends them.

Shapes: https://platform.openai.com/docs/api-reference/chat (objects `chat.completion`,
`chat.completion.chunk`, and the error object).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from tests.fakes.provider_script import Script

_CREATED: Final = 1_700_000_000
_PIECE: Final = 12
_ERRORS: Final[dict[int, tuple[str, str | None, str]]] = {
    400: ("invalid_request_error", None, "Invalid value for 'messages'."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    402: ("insufficient_quota", "insufficient_quota", "Your credit balance is too low."),
    403: ("invalid_request_error", "unsupported_country", "Country not supported."),
    404: ("invalid_request_error", "model_not_found", "The model `gone` does not exist."),
    408: ("timeout", None, "Request timed out."),
    413: ("invalid_request_error", "context_length_exceeded", "Request too large."),
    429: ("rate_limit_exceeded", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error (secret detail)."),
    503: ("server_error", "overloaded", "The engine is currently overloaded."),
    529: ("overloaded_error", "overloaded", "Overloaded."),
}


def error_object(code: int, message: str | None = None) -> dict[str, Any]:
    """Return `{"error": {...}}` for an HTTP status, in OpenAI's shape."""
    kind, error_code, default = _ERRORS.get(code, ("server_error", None, f"Status {code}."))
    error = {"message": message or default, "type": kind, "param": None, "code": error_code}
    return {"error": error}


def usage_object(script: Script, body: dict[str, Any]) -> dict[str, Any]:
    """Return a deterministic `usage`: a prompt token per message, a completion token per piece."""
    prompt, completion = len(body.get("messages") or ()) + script.cached, len(script.pieces())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": script.cached},
        "completion_tokens_details": {"reasoning_tokens": script.reasoning},
    }


def tool_calls(script: Script) -> list[dict[str, Any]]:
    """Return the whole tool calls of a `tool` script."""
    return [
        {
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": script.tool_name, "arguments": script.tool_args},
        }
        for index in range(script.tool_count)
    ]


def completion(script: Script, body: dict[str, Any]) -> dict[str, Any]:
    """Return the non-stream answer object."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(script.pieces())}
    finish = script.finish
    if script.verb == "tool":
        message = {"role": "assistant", "content": None, "tool_calls": tool_calls(script)}
        finish = "tool_calls"
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": _CREATED,
        "model": body.get("model", "fake"),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage_object(script, body),
    }


class ChatWire:
    """Chat completions; see Wire."""

    def error_body(self, code: int, message: str | None) -> dict[str, Any]:
        return error_object(code, message)

    def authorised(self, headers: Mapping[str, str], key: str) -> bool:
        return headers.get("Authorization") == f"Bearer {key}"

    def streams(self, path: str, body: dict[str, Any]) -> bool:
        return bool(body.get("stream"))

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def whole(self, script: Script, body: dict[str, Any]) -> dict[str, Any]:
        return completion(script, body)

    def frames(self, script: Script, body: dict[str, Any]) -> Chunks:
        return Chunks(script, body)


class OllamaWire(ChatWire):
    """Chat completions as Ollama speaks it: https://docs.ollama.com/api/openai-compatibility."""

    def error_body(self, code: int, message: str | None) -> dict[str, Any]:
        error = error_object(code, message)["error"]
        return {"error": {**error, "type": "api_error", "param": None, "code": None}}

    def frames(self, script: Script, body: dict[str, Any]) -> Chunks:
        return Chunks(replace(script, dialect="ollama"), body)


class Chunks:
    """Makes the SSE frames of one answer in the script's dialect."""

    def __init__(self, script: Script, body: dict[str, Any]) -> None:
        self._script = script
        self._body = body
        self._end = b"\r\n\r\n" if script.dialect == "crlf" else b"\n\n"
        self._head = b"data:" if script.dialect == "nospace" else b"data: "

    def frame(self, value: Any) -> bytes:
        """Return one `data:` frame holding `value` as JSON."""
        comment = b": keep-alive" + self._end if self._script.dialect == "comments" else b""
        return comment + self._head + orjson.dumps(value) + self._end

    def delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        """Return one chunk with this delta; the `bare` dialect leaves optional fields out."""
        choice: dict[str, Any] = {"index": 0, "delta": delta}
        if self._script.dialect == "bare":
            if finish:
                choice["finish_reason"] = finish
            return self.frame({"choices": [choice]})
        choice |= {"logprobs": None, "finish_reason": finish}
        return self.frame({**self._envelope(), "choices": [choice]})

    def opening(self) -> bytes:
        """Return the role chunk, empty in the `bare` dialect."""
        if self._script.dialect == "bare":
            return b""
        return self.delta({"role": "assistant", "content": "", "refusal": None})

    def content(self) -> list[bytes]:
        """Return one frame a token, or the fragments of the tool calls."""
        if self._script.verb == "tool":
            return self._tool_frames()
        member = "reasoning" if self._script.dialect == "ollama" else "reasoning_content"
        thoughts = [
            self.delta({member: f"think{index} "}) for index in range(self._script.reasoning)
        ]
        if self._script.verb == "refuse":
            return [self.delta({"refusal": piece}) for piece in self._script.pieces()]
        return thoughts + [self.delta({"content": piece}) for piece in self._script.pieces()]

    def closing(self) -> bytes:
        """Return the finish chunk, the usage chunk when asked for, and `[DONE]`."""
        finish = "tool_calls" if self._script.verb == "tool" else self._script.finish
        out = self.delta({}, finish)
        wanted = (self._body.get("stream_options") or {}).get("include_usage")
        if wanted and self._script.usage:
            usage = usage_object(self._script, self._body)
            out += self.frame({**self._envelope(), "choices": [], "usage": usage})
        if self._script.dialect != "no_done":
            out += self._head + b"[DONE]" + self._end
        return out

    def error(self, code: int, message: str | None) -> bytes:
        """Return an error inside the stream."""
        return self.frame(error_object(code, message))

    def rubbish(self, kind: str) -> bytes:
        """Return the bytes that a broken provider sends in place of the next frame."""
        return rubbish(kind, self)

    def _envelope(self) -> dict[str, Any]:
        return {
            "id": "chatcmpl-fake",
            "object": "chat.completion.chunk",
            "created": _CREATED,
            "model": self._body.get("model", "fake"),
            "system_fingerprint": None,
        }

    def _tool_frames(self) -> list[bytes]:
        frames = []
        for index, call in enumerate(tool_calls(self._script)):
            name, text = call["function"]["name"], call["function"]["arguments"]
            if self._script.dialect == "ollama":
                frames.append(self.delta({"tool_calls": [{"index": index, **call}]}))
                continue
            first = {"index": index, **call, "function": {"name": name, "arguments": ""}}
            frames.append(self.delta({"tool_calls": [first]}))
            for start in range(0, len(text), _PIECE):
                piece = {"index": index, "function": {"arguments": text[start : start + _PIECE]}}
                frames.append(self.delta({"tool_calls": [piece]}))
        return frames


def rubbish(kind: str, chunks: Chunks) -> bytes:
    """Return the bytes that a broken provider sends in place of the next frame."""
    return {
        "json": b"data: {not json at all\n\n",
        "html": b"<html><body>Bad gateway</body></html>",
        "truncated": chunks.delta({"content": "cut"})[:40],
        "utf8": b'data: {"choices":[{"index":0,"delta":{"content":"caf\xc3"}}]}\n\n',
        "surrogate": b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83db "}}]}\n\n',
        "no_choices": b'data: {"hello":"world"}\n\n',
        "null": b"data: null\n\n",
        "array": b'data: {"choices":{"a":1}}\n\n',
        "empty": b"",
        "cut": b"",
    }[kind]
