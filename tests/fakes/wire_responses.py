"""The bytes of OpenAI's Responses API, as the fake provider sends them.

Shapes: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tests.fakes.provider_script import Script
from tests.fakes.provider_wire import error_object
from tests.fakes.wire import fragments

_CREATED: Final = 1_700_000_000


class ResponsesWire:
    """See Wire."""

    def error_body(self, code: int, message: str | None) -> dict[str, Any]:
        return error_object(code, message)

    def authorised(self, headers: Mapping[str, str], key: str) -> bool:
        return headers.get("Authorization") == f"Bearer {key}"

    def streams(self, path: str, body: dict[str, Any]) -> bool:
        return bool(body.get("stream"))

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        given = body.get("input")
        if isinstance(given, str):
            return {"messages": [{"role": "user", "content": given}]}
        return {"messages": [_chat_message(item) for item in given or ()]}

    def whole(self, script: Script, body: dict[str, Any]) -> dict[str, Any]:
        part = {"type": "output_text", "text": "".join(script.pieces()), "annotations": []}
        item = {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed"}
        return _response(script, body, "completed", [{**item, "content": [part]}])

    def frames(self, script: Script, body: dict[str, Any]) -> ResponsesFrames:
        return ResponsesFrames(self, script, body)


class ResponsesFrames:
    """See Frames; an item's opening comes with its first piece, its end with its last."""

    def __init__(self, wire: ResponsesWire, script: Script, body: dict[str, Any]) -> None:
        self._wire = wire
        self._script = script
        self._body = body
        self._sequence = 0
        self._output: list[dict[str, Any]] = []

    def opening(self) -> bytes:
        response = _response(self._script, self._body, "in_progress", [])
        created = self._event("response.created", response=response)
        return created + self._event("response.in_progress", response=response)

    def content(self) -> list[bytes]:
        script = self._script
        if script.verb == "tool":
            return [frame for index in range(script.tool_count) for frame in self._tool(index)]
        thoughts = self._reasoning() if script.reasoning else []
        return thoughts + self._text(int(bool(thoughts)))

    def closing(self) -> bytes:
        script = self._script
        status = "incomplete" if script.finish == "length" else "completed"
        response = _response(script, self._body, status, self._output)
        if status == "incomplete":
            response["incomplete_details"] = {"reason": "max_output_tokens"}
        return self._event(f"response.{status}", response=response)

    def error(self, code: int, message: str | None) -> bytes:
        error = self._wire.error_body(code, message)["error"]
        return self._event(
            "error", code=error["code"] or error["type"], message=error["message"], param=None
        )

    def rubbish(self, kind: str) -> bytes:
        head = b"event: response.output_text.delta\ndata: "
        return {
            "json": head + b"{not json at all\n\n",
            "html": b"<html><body>Bad gateway</body></html>",
            "truncated": head + b'{"type":"response.out',
            "null": head + b"null\n\n",
            "array": head + b"[1,2]\n\n",
        }.get(kind, b"")

    def _text(self, index: int) -> list[bytes]:
        refused = self._script.verb == "refuse"
        name, member = ("refusal", "refusal") if refused else ("output_text", "text")
        item = {"type": "message", "id": f"msg_{index}", "role": "assistant"}
        rest: dict[str, Any] = {} if refused else {"annotations": []}
        part: dict[str, Any] = {"type": name, member: "", **rest}
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        more: dict[str, Any] = {} if refused else {"logprobs": []}
        texts = self._script.pieces()
        frames = [
            self._event(f"response.{name}.delta", **place, delta=text, **more) for text in texts
        ]
        frames[0] = (
            self._added(index, {**item, "status": "in_progress", "content": []})
            + self._event("response.content_part.added", **place, part=part)
            + frames[0]
        )
        full = {**part, member: "".join(texts)}
        frames[-1] += (
            self._event(f"response.{name}.done", **place, **{member: full[member]}, **more)
            + self._event("response.content_part.done", **place, part=full)
            + self._done(index, {**item, "status": "completed", "content": [full]})
        )
        return frames

    def _reasoning(self) -> list[bytes]:
        item = {"type": "reasoning", "id": "rs_0", "summary": [], "encrypted_content": "c2VhbGVk"}
        place = {"item_id": "rs_0", "output_index": 0, "summary_index": 0}
        texts = [f"think{index} " for index in range(self._script.reasoning)]
        name = "response.reasoning_summary_text"
        frames = [self._event(f"{name}.delta", **place, delta=text) for text in texts]
        part = {"type": "summary_text", "text": ""}
        added = self._event("response.reasoning_summary_part.added", **place, part=part)
        frames[0] = self._added(0, item) + added + frames[0]
        full = {**part, "text": "".join(texts)}
        frames[-1] += (
            self._event(f"{name}.done", **place, text=full["text"])
            + self._event("response.reasoning_summary_part.done", **place, part=full)
            + self._done(0, {**item, "summary": [full]})
        )
        return frames

    def _tool(self, index: int) -> list[bytes]:
        script = self._script
        item = {
            "type": "function_call",
            "id": f"fc_{index}",
            "call_id": f"call_{index}",
            "name": script.tool_name,
            "arguments": "",
            "status": "in_progress",
        }
        place = {"item_id": item["id"], "output_index": index}
        name = "response.function_call_arguments"
        frames = [
            self._event(f"{name}.delta", **place, delta=piece)
            for piece in fragments(script.tool_args)
        ]
        frames[0] = self._added(index, item) + frames[0]
        done = {"arguments": script.tool_args, "name": script.tool_name}
        whole = {**item, "arguments": script.tool_args, "status": "completed"}
        frames[-1] += self._event(f"{name}.done", **place, **done) + self._done(index, whole)
        return frames

    def _added(self, index: int, item: dict[str, Any]) -> bytes:
        return self._event("response.output_item.added", output_index=index, item=item)

    def _done(self, index: int, item: dict[str, Any]) -> bytes:
        self._output.append(item)
        return self._event("response.output_item.done", output_index=index, item=item)

    def _event(self, name: str, /, **members: Any) -> bytes:
        self._sequence += 1
        value = {"type": name, "sequence_number": self._sequence, **members}
        return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(value) + b"\n\n"


def _response(
    script: Script, body: dict[str, Any], status: str, output: list[Any]
) -> dict[str, Any]:
    ended = status != "in_progress"
    prompt, answer = len(body.get("input") or ()), len(script.pieces()) + script.reasoning
    usage = {
        "input_tokens": prompt + script.cached,
        "input_tokens_details": {"cached_tokens": script.cached, "cache_write_tokens": 0},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": script.reasoning},
        "total_tokens": prompt + script.cached + answer,
    }
    return {
        "id": "resp_fake",
        "object": "response",
        "created_at": _CREATED,
        "status": status,
        "model": body.get("model", "fake"),
        "output": output,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": usage if ended else None,
    }


def _chat_message(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("type") == "function_call_output":
        return {"role": "tool", "content": item["output"]}
    content = item.get("content")
    if isinstance(content, list):
        texts = [{"type": "text", "text": part.get("text", "")} for part in content]
        return {"role": item.get("role", "assistant"), "content": texts}
    return {"role": item.get("role", "assistant"), "content": content or ""}
