"""A run as chat completions show it: the chunks of a stream, or one object (contract §1.1).

Each run event makes at most one frame that says something, and that frame carries the event's
sequence as its id. So whoever goes on after any id gets neither a lost nor a doubled frame, from
any replica: every view of a run that has seen its events from the first on writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_common.contracts.ids import chat_completion_id
from openclaw_common.contracts.run import RunResult, RunStatus, ToolCall, Usage
from openclaw_common.contracts.run_event import (
    MESSAGE_COMPLETED,
    MESSAGE_DELTA,
    RUN_CANCELLED,
    RUN_COMPLETED,
    RUN_EXPIRED,
    RUN_FAILED,
    RUN_QUEUED,
    RUN_RESET,
    TOOL_CALL_DELTA,
    RunEvent,
    delta_literal,
)
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.chat_replay import Difference, Passed
from openclaw_ingress.sse import DONE, frame

CANCELLED: Final = ErrorBody(409, API_ERROR, "The run was cancelled.", "run_cancelled")
FAILED: Final = ErrorBody(500, API_ERROR, "Internal error")
INTERRUPTED: Final = ErrorBody(
    500,
    API_ERROR,
    "The run was interrupted and began again with another answer; retry the request.",
    "run_interrupted",
)

_EMPTY: Final = 2
"""Length of a JSON string literal with nothing in it."""


class ChatCompletionView:
    """The stream of one run for one client. Feed it every event from the first on, in order.

    Frames with an id up to `starting_after` are left out, but their events still count: after a
    `run.reset` the new attempt may only go on where it repeated what any reader was sent.
    """

    def __init__(
        self,
        run_id: str,
        *,
        model: str,
        created_s: int,
        include_usage: bool = False,
        starting_after: int = 0,
    ) -> None:
        identity = {
            "id": chat_completion_id(run_id),
            "object": "chat.completion.chunk",
            "created": created_s,
            "model": model,
        }
        self._head = orjson.dumps(identity)[:-1] + b',"choices":['
        self._content_head = b"data: " + self._head + b'{"index":0,"delta":{"content":'
        self._include_usage = include_usage
        self._after = starting_after
        self._passed = Passed()
        self._ended = False

    @classmethod
    def of(
        cls, record: RunRecord, *, include_usage: bool | None = None, starting_after: int = 0
    ) -> ChatCompletionView:
        """Return the view of a recorded run, with the usage if its request asked for it."""
        return cls(
            record.id,
            model=record.model,
            created_s=record.created_ms // 1000,
            include_usage=record.include_usage if include_usage is None else include_usage,
            starting_after=starting_after,
        )

    @property
    def ended(self) -> bool:
        """Whether `[DONE]` was written; no event makes a frame from then on."""
        return self._ended

    def encode(self, events: Iterable[RunEvent]) -> bytes:
        """Return the frames of a batch of events, joined."""
        frames: list[bytes] = []
        for event in events:
            frames += self.frames(event)
        return b"".join(frames)

    def frames(self, event: RunEvent) -> list[bytes]:
        """Return the frames of one event: mostly one, or none."""
        if self._ended:
            return []
        try:
            if event.type == MESSAGE_DELTA:
                return self._content(event)
            other = _OTHERS.get(event.type)
            return other(self, event) if other else []
        except Difference:
            return self._error(event.sequence, INTERRUPTED)

    def stored(self, record: RunRecord) -> bytes | None:
        """Return the frames of an ended run whose events are no longer kept, from its record.

        They are fewer and larger, under ids that the run had for the same state of the answer. None
        where `starting_after` lies within the text: how far that is went with the events.
        """
        last, after = record.last_sequence, self._after
        if after >= last > 0:
            return DONE
        if record.result is None:
            error = terminal_error(record)
            return b"".join((*self._role(1), *self._error(last, error))) if last else None
        whole = last - 2
        if whole < 2 or 1 < after < whole:
            return None
        result = record.result
        delta: dict[str, Any] = {"content": result.output}
        if result.tool_calls:
            delta["tool_calls"] = [
                {"index": index, **_tool_call(call)} for index, call in enumerate(result.tool_calls)
            ]
        return b"".join(
            (
                *self._role(1),
                *self._chunk(whole, delta),
                *self._chunk(last - 1, {}, result.finish_reason),
                *self._done(last, result.usage.to_wire()),
            )
        )

    def _content(self, event: RunEvent) -> list[bytes]:
        literal = self._passed.add_text(delta_literal(event.data))
        if event.sequence <= self._after or len(literal) == _EMPTY:
            return []
        return [
            b'id: %d\n%s%s},"finish_reason":null}]}\n\n'
            % (event.sequence, self._content_head, literal)
        ]

    def _queued(self, event: RunEvent) -> list[bytes]:
        return self._role(event.sequence)

    def _reset(self, event: RunEvent) -> list[bytes]:
        self._passed.restart()
        return []

    def _tool_call(self, event: RunEvent) -> list[bytes]:
        piece = self._passed.add_tool_piece(event.json())
        if piece is None:
            return []
        function = {"arguments": piece.get("arguments", "")}
        call: dict[str, Any] = {"index": piece["index"], "function": function}
        if "id" in piece:
            function = {"name": piece.get("name"), **function}
            call = {**call, "id": piece["id"], "type": "function", "function": function}
        return self._chunk(event.sequence, {"tool_calls": [call]})

    def _completed_message(self, event: RunEvent) -> list[bytes]:
        reason = self._passed.finish(str(event.json().get("finish_reason", "stop")))
        return self._chunk(event.sequence, {}, reason) if reason else []

    def _completed(self, event: RunEvent) -> list[bytes]:
        return self._done(event.sequence, event.json().get("usage") or Usage().to_wire())

    def _failed(self, event: RunEvent) -> list[bytes]:
        body = event.json().get("error")
        return self._error(event.sequence, ErrorBody.from_record(body) if body else FAILED)

    def _cancelled(self, event: RunEvent) -> list[bytes]:
        return self._error(event.sequence, CANCELLED)

    def _role(self, sequence: int) -> list[bytes]:
        return self._chunk(sequence, {"role": "assistant"})

    def _chunk(
        self, sequence: int, delta: dict[str, Any], finish_reason: str | None = None
    ) -> list[bytes]:
        if sequence <= self._after:
            return []
        choice = orjson.dumps({"index": 0, "delta": delta, "finish_reason": finish_reason})
        return [frame(self._head + choice + b"]}", event_id=sequence)]

    def _done(self, sequence: int, usage: dict[str, Any]) -> list[bytes]:
        self._ended = True
        if sequence <= self._after:
            return [DONE]
        if not self._include_usage:
            return [b"id: %d\n%s" % (sequence, DONE)]
        data = self._head + b'],"usage":' + orjson.dumps(usage) + b"}"
        return [frame(data, event_id=sequence), DONE]

    def _error(self, sequence: int, body: ErrorBody) -> list[bytes]:
        self._ended = True
        if sequence <= self._after:
            return [DONE]
        return [frame(orjson.dumps({"error": body.to_wire()}), event_id=sequence), DONE]


_OTHERS: Final[dict[str, Callable[[ChatCompletionView, RunEvent], list[bytes]]]] = {
    RUN_QUEUED: ChatCompletionView._queued,
    RUN_RESET: ChatCompletionView._reset,
    TOOL_CALL_DELTA: ChatCompletionView._tool_call,
    MESSAGE_COMPLETED: ChatCompletionView._completed_message,
    RUN_COMPLETED: ChatCompletionView._completed,
    RUN_FAILED: ChatCompletionView._failed,
    RUN_EXPIRED: ChatCompletionView._failed,
    RUN_CANCELLED: ChatCompletionView._cancelled,
}


def completion_object(record: RunRecord, result: RunResult) -> dict[str, Any]:
    """Return the `chat.completion` object of a completed run."""
    message: dict[str, Any] = {"role": "assistant", "content": result.output}
    if result.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in result.tool_calls]
    return {
        "id": chat_completion_id(record.id),
        "object": "chat.completion",
        "created": record.created_ms // 1000,
        "model": record.model,
        "choices": [{"index": 0, "message": message, "finish_reason": result.finish_reason}],
        "usage": result.usage.to_wire(),
    }


def terminal_error(record: RunRecord) -> ErrorBody:
    """Return the error with which a run that ended without a result answers."""
    if record.status is RunStatus.CANCELLED:
        return CANCELLED
    return record.error or FAILED


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}
