"""The output items of a response while they come, as OpenAI's events about them.

A message is open until a call begins, a call until its arguments are whole JSON and something else
begins; the end of the reply closes what is open. Texts stay the JSON literals that they came as.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from openclaw_ingress.chat_replay import Difference
from openclaw_ingress.responses_object import call_item, call_item_id, message_item, message_item_id

Event = tuple[str, bytes]
"""A response event: its type, and its members behind the number, with the comma before them."""

_PART: Final = b'{"type":"output_text","text":%s,"annotations":[],"logprobs":[]}'


def number_frames(events: Sequence[Event], before: int, after: int) -> bytes:
    """Return the frames of the events that follow number `before`, but for those up to `after`."""
    return b"".join(
        b'id: %d\nevent: %s\ndata: {"type":"%s","sequence_number":%d%s}\n\n'
        % (number, kind.encode(), kind.encode(), number, members)
        for number, (kind, members) in enumerate(events, before + 1)
        if number > after
    )


@dataclass(slots=True)
class _Message:
    id: str
    place: int
    text: bytearray = field(default_factory=bytearray)

    @property
    def literal(self) -> bytes:
        return b'"%s"' % self.text

    def at(self) -> bytes:
        return b',"item_id":"%s","output_index":%d,"content_index":0' % (
            self.id.encode(),
            self.place,
        )


@dataclass(slots=True)
class _Call:
    id: str
    place: int
    call_id: str
    name: str
    arguments: str = ""

    def at(self) -> bytes:
        return b',"item_id":"%s","output_index":%d' % (self.id.encode(), self.place)


class OpenItems:
    """The output items of the run `run_id`."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._message: _Message | None = None
        self._messages = 0
        self._calls: dict[int, _Call] = {}
        self._open_calls: list[int] = []
        self._done: list[dict[str, Any] | None] = []

    @property
    def begun(self) -> bool:
        """Whether there is any."""
        return bool(self._done)

    @property
    def message_closed(self) -> bool:
        """Whether there was a message, and nothing can be added to it."""
        return self._messages > 0 and self._message is None

    @property
    def done(self) -> list[dict[str, Any]]:
        """The items that are whole, in order, for orjson."""
        return [item for item in self._done if item is not None]

    def text(self, literal: bytes) -> list[Event]:
        """Return the events of more text, a JSON string literal."""
        events: list[Event] = []
        message = self._message
        if message is None:
            events = self._end_whole_calls()
            message = self._message = _Message(
                message_item_id(self._run_id, self._messages), self._place()
            )
            self._messages += 1
            item = {
                "id": message.id,
                "type": "message",
                "role": "assistant",
                "status": "in_progress",
                "content": [],
            }
            part = message.at() + b',"part":' + _PART % b'""'
            events += [_added(message.place, item), ("response.content_part.added", part)]
        message.text += literal[1:-1]
        delta = b'%s,"delta":%s,"logprobs":[]' % (message.at(), literal)
        return [*events, ("response.output_text.delta", delta)]

    def call(self, index: int, piece: dict[str, Any]) -> list[Event]:
        """Return the events of a piece of a call; its first one has `id` and `name`.

        Raises Difference for a piece of a call whose end was told.
        """
        events: list[Event] = []
        call = self._calls.get(index)
        if call is None:
            events = [*self._end_message("completed", commentary=True), *self._end_whole_calls()]
            place = self._place()
            call = self._calls[index] = _Call(
                call_item_id(self._run_id, index),
                place,
                str(piece.get("id") or ""),
                str(piece.get("name") or ""),
            )
            self._open_calls.append(index)
            events.append(_added(place, self._call_item(call, "in_progress")))
        more = str(piece.get("arguments", ""))
        if not more:
            return events
        if index not in self._open_calls:
            raise Difference
        call.arguments += more
        delta = call.at() + b',"delta":' + orjson.dumps(more)
        return [*events, ("response.function_call_arguments.delta", delta)]

    def close(self, *, incomplete: bool = False) -> list[Event]:
        """Return what ends the items that are open."""
        status = "incomplete" if incomplete else "completed"
        events = self._end_message(status, commentary=bool(self._calls))
        for index in tuple(self._open_calls):
            events += self._end_call(index, status)
        return events

    def _place(self) -> int:
        self._done.append(None)
        return len(self._done) - 1

    def _end_whole_calls(self) -> list[Event]:
        events: list[Event] = []
        for index in tuple(self._open_calls):
            # A provider may send the arguments of several calls in turns.
            if _is_json(self._calls[index].arguments):
                events += self._end_call(index, "completed")
        return events

    def _end_message(self, status: str, *, commentary: bool) -> list[Event]:
        message, self._message = self._message, None
        if message is None:
            return []
        item = message_item(
            message.id,
            orjson.Fragment(message.literal),
            status=status,
            commentary=commentary,
        )
        at, part = message.at(), _PART % message.literal
        return [
            (
                "response.output_text.done",
                b'%s,"text":%s,"logprobs":[]' % (at, message.literal),
            ),
            ("response.content_part.done", b'%s,"part":%s' % (at, part)),
            self._item_done(message.place, item),
        ]

    def _end_call(self, index: int, status: str) -> list[Event]:
        call = self._calls[index]
        self._open_calls.remove(index)
        told = orjson.dumps({"name": call.name, "arguments": call.arguments})[1:-1]
        return [
            ("response.function_call_arguments.done", b"%s,%s" % (call.at(), told)),
            self._item_done(call.place, self._call_item(call, status)),
        ]

    def _item_done(self, place: int, item: dict[str, Any]) -> Event:
        self._done[place] = item
        told = orjson.dumps({"output_index": place, "item": item})[1:-1]
        return "response.output_item.done", b"," + told

    def _call_item(self, call: _Call, status: str) -> dict[str, Any]:
        return call_item(call.id, call.call_id, call.name, call.arguments, status=status)


def _added(place: int, item: dict[str, Any]) -> Event:
    told = orjson.dumps({"output_index": place, "item": item})[1:-1]
    return "response.output_item.added", b"," + told


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
