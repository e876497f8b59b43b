"""Run streams and what an SSE client makes of them, for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from openclaw_common.contracts.run_event import RunEvent, encode_delta
from openclaw_ingress.chat_view import ChatCompletionView

RUN_ID = "run_123e4567-e89b-42d3-a456-426614174000"
CREATED_S = 1_234_567_890
USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as a client sees it; `id` is its own, None where it has none."""

    id: int | None
    event: str | None
    data: str

    def json(self) -> Any:
        return json.loads(self.data)


def parse_sse(stream: bytes) -> list[Frame]:
    """Return the frames that have arrived whole, as the HTML standard's parser does."""
    frames = []
    whole, _, _ = stream.rpartition(b"\n\n")
    for block in whole.split(b"\n\n") if whole else ():
        lines = [line for line in block.decode().split("\n") if not line.startswith(":")]
        fields = dict(line.split(": ", 1) for line in lines)
        if "data" in fields:
            own = int(fields["id"]) if "id" in fields else None
            frames.append(Frame(own, fields.get("event"), fields["data"]))
    return frames


def last_id(frames: Sequence[Frame]) -> int:
    """Return the id behind which a client that has these goes on."""
    return max((frame.id for frame in frames if frame.id is not None), default=0)


class Recorder:
    """Writes the events of one run as admit, claim, publish and finish do."""

    def __init__(self) -> None:
        self.events = [RunEvent(1, 0, "run.queued", b"{}")]
        self.attempt = 0
        self._first = 0

    def add(self, type_: str, data: dict[str, Any] | bytes) -> Recorder:
        raw = data if isinstance(data, bytes) else orjson.dumps(data)
        self.events.append(RunEvent(len(self.events) + 1, self.attempt, type_, raw))
        return self

    def begin(self) -> Recorder:
        """Start the next attempt."""
        self.attempt += 1
        if self.attempt == 1:
            self.add("run.in_progress", {})
        else:
            self.add("run.reset", {"discard_from": self._first})
        self._first = len(self.events) + 1
        return self

    def say(self, *texts: str) -> Recorder:
        for text in texts:
            self.add("message.delta", encode_delta(text))
        return self

    def call(self, index: int, call_id: str, name: str, *pieces: str) -> Recorder:
        head: dict[str, Any] = {"id": call_id, "name": name}
        for piece in pieces:
            self.add("tool_call.delta", {"index": index, **head, "arguments": piece})
            head = {}
        return self

    def complete(self, reason: str = "stop") -> Recorder:
        self.add("message.completed", {"finish_reason": reason})
        return self.add("run.completed", {"usage": USAGE})


def view(*, include_usage: bool = False, starting_after: int = 0) -> ChatCompletionView:
    return ChatCompletionView(
        RUN_ID,
        model="openclaw",
        created_s=CREATED_S,
        include_usage=include_usage,
        starting_after=starting_after,
    )


def stream(events: Sequence[RunEvent], **how: Any) -> bytes:
    """Return the whole stream of a chat-completions client."""
    return view(**how).encode(events)


def content_of(frames: Sequence[Frame]) -> str:
    """Return the text that a client puts together."""
    chunks = [frame.json() for frame in frames if frame.data != "[DONE]"]
    return "".join(
        choice["delta"].get("content", "")
        for chunk in chunks
        for choice in chunk.get("choices", ())
    )


def calls_of(frames: Sequence[Frame]) -> dict[int, tuple[str, str, str]]:
    """Return the tool calls that a client puts together: id, name, arguments by index."""
    calls: dict[int, tuple[str, str, str]] = {}
    for frame in frames:
        chunk = {} if frame.data == "[DONE]" else frame.json()
        for choice in chunk.get("choices", ()):
            for call in choice["delta"].get("tool_calls", ()):
                function = call["function"]
                known = calls.get(call["index"], (call.get("id"), function.get("name"), ""))
                calls[call["index"]] = (known[0], known[1], known[2] + function["arguments"])
    return calls
