"""A run as the stream of a response: OpenAI's events with their own numbers (contract §1.4).

One run event makes any number of response events. They are numbered from 1, and every view of a run
that has seen its events from the first on gives the same event the same number, on any replica; so
whoever goes on behind a number gets neither a lost nor a doubled event.

    run.queued         response.created · response.in_progress (background: response.queued)
    message.delta      [output_item.added · content_part.added] · output_text.delta
    tool_call.delta    [what ends the message] · [output_item.added] · function_call_arguments.delta
    message.completed  what ends each open item: *.done
    a terminal event   response.completed | incomplete | failed · [DONE]

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.run import RunStatus, Usage
from openclaw_common.contracts.run_event import (
    MESSAGE_COMPLETED,
    MESSAGE_DELTA,
    RUN_CANCELLED,
    RUN_COMPLETED,
    RUN_EXPIRED,
    RUN_FAILED,
    RUN_IN_PROGRESS,
    RUN_QUEUED,
    RUN_RESET,
    TOOL_CALL_DELTA,
    RunEvent,
    delta_literal,
)
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.chat_replay import Difference, Passed
from openclaw_ingress.chat_view import CANCELLED, FAILED, INTERRUPTED
from openclaw_ingress.responses_items import OpenItems, number_frames
from openclaw_ingress.responses_object import ResponseHead, response_usage
from openclaw_ingress.sse import DONE

_EMPTY: Final = 2
"""Length of a JSON string literal with nothing in it."""


class ResponsesView:
    """The stream of one response for one client. Feed it every run event from the first on.

    Events with a number up to `starting_after` are left out, but still count: after a `run.reset`
    the new attempt may only go on where it repeated what any reader was sent.
    """

    def __init__(self, head: ResponseHead, *, starting_after: int = 0) -> None:
        self._head = head
        self._after = starting_after
        self._number = 0
        self._passed = Passed()
        self._items = OpenItems(head.run_id)
        self._finish = "stop"
        self._started = False
        self._restarted = False
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether `[DONE]` was written; no event makes a frame from then on."""
        return self._ended

    @property
    def number(self) -> int:
        """The number of the last response event."""
        return self._number

    def encode(self, events: Iterable[RunEvent]) -> bytes:
        """Return the frames of a batch of run events, joined."""
        return b"".join([self._frames(event) for event in events])

    def stored(self, record: RunRecord) -> bytes | None:
        """Return the stream of an ended run whose events are no longer kept, from its record.

        Its numbers are its own, so that it can only be had whole: None behind any of them.
        """
        if self._after or record.last_sequence == 0:
            return None
        frames = [self._begin(), self._progress()]
        result = record.result
        if result is None or record.status is not RunStatus.COMPLETED:
            error = CANCELLED if record.status is RunStatus.CANCELLED else record.error or FAILED
            return b"".join((*frames, self._fail(error, record.status)))
        if result.output:
            frames.append(self._number_all(self._items.text(orjson.dumps(result.output))))
        for index, call in enumerate(result.tool_calls):
            piece = {"id": call.id, "name": call.name, "arguments": call.arguments}
            frames.append(self._number_all(self._items.call(index, piece)))
        self._finish = result.finish_reason
        incomplete = self._finish == "length"
        frames.append(self._number_all(self._items.close(incomplete=incomplete)))
        return b"".join((*frames, self._complete(result.usage)))

    def _frames(self, event: RunEvent) -> bytes:
        if self._ended:
            return b""
        try:
            if event.type == MESSAGE_DELTA:
                return self._text(event)
            other = _OTHERS.get(event.type)
            return other(self, event) if other else b""
        except Difference:
            return self._fail(INTERRUPTED, RunStatus.FAILED)

    def _text(self, event: RunEvent) -> bytes:
        literal = self._passed.add_text(delta_literal(event.data))
        if len(literal) == _EMPTY:
            return b""
        if self._restarted and self._items.message_closed:
            # The client was told that this text is whole.
            raise Difference
        return self._number_all(self._items.text(literal))

    def _queued(self, event: RunEvent) -> bytes:
        created = self._begin()
        return created if self._head.background else created + self._progress()

    def _in_progress(self, event: RunEvent) -> bytes:
        return b"" if self._started else self._progress()

    def _reset(self, event: RunEvent) -> bytes:
        self._passed.restart()
        self._restarted = self._items.begun
        return self._in_progress(event)

    def _tool_call(self, event: RunEvent) -> bytes:
        piece = self._passed.add_tool_piece(event.json())
        return self._number_all(self._items.call(piece["index"], piece)) if piece else b""

    def _completed_message(self, event: RunEvent) -> bytes:
        reason = self._passed.finish(str(event.json().get("finish_reason", "stop")))
        if reason is None:
            return b""
        self._finish = reason
        return self._number_all(self._items.close(incomplete=reason == "length"))

    def _completed(self, event: RunEvent) -> bytes:
        return self._complete(Usage.from_wire(event.json().get("usage") or {}))

    def _failed(self, event: RunEvent) -> bytes:
        body = event.json().get("error")
        return self._fail(ErrorBody.from_record(body) if body else FAILED, RunStatus.FAILED)

    def _cancelled(self, event: RunEvent) -> bytes:
        return self._fail(CANCELLED, RunStatus.CANCELLED)

    # ---- the response's own events

    def _begin(self) -> bytes:
        status = "queued" if self._head.background else "in_progress"
        frames = self._of_response("response.created", self._head.body(status))
        if self._head.background:
            frames += self._of_response("response.queued", self._head.body(status))
        return frames

    def _progress(self) -> bytes:
        self._started = True
        return self._of_response("response.in_progress", self._head.body("in_progress"))

    def _complete(self, usage: Usage) -> bytes:
        self._ended = True
        status = "incomplete" if self._finish == "length" else "completed"
        body = self._head.body(status, self._items.done, usage=response_usage(usage))
        return self._of_response(f"response.{status}", body) + DONE

    def _fail(self, error: ErrorBody, status: RunStatus) -> bytes:
        self._ended = True
        told = "cancelled" if status is RunStatus.CANCELLED else "failed"
        # OpenAI names no event for a cancelled response; its clients know the end by this one.
        body = self._head.body(told, error=error)
        return self._of_response("response.failed", body) + DONE

    def _of_response(self, kind: str, response: dict[str, Any]) -> bytes:
        return self._number_all([(kind, b',"response":' + orjson.dumps(response))])

    def _number_all(self, events: list[tuple[str, bytes]]) -> bytes:
        frames = number_frames(events, self._number, self._after)
        self._number += len(events)
        return frames


_OTHERS: Final[dict[str, Callable[[ResponsesView, RunEvent], bytes]]] = {
    RUN_QUEUED: ResponsesView._queued,
    RUN_IN_PROGRESS: ResponsesView._in_progress,
    RUN_RESET: ResponsesView._reset,
    TOOL_CALL_DELTA: ResponsesView._tool_call,
    MESSAGE_COMPLETED: ResponsesView._completed_message,
    RUN_COMPLETED: ResponsesView._completed,
    RUN_FAILED: ResponsesView._failed,
    RUN_EXPIRED: ResponsesView._failed,
    RUN_CANCELLED: ResponsesView._cancelled,
}
