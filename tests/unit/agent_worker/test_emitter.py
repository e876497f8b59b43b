"""Publishing a reply as run events."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from openclaw_agent_worker.agent.port import ToolCallPiece
from openclaw_agent_worker.emitter import (
    GATHER_S,
    MAX_DELTA_CHARS,
    Emitter,
    Event,
    OutputLimitExceeded,
)


class Log:
    """Publishes into a list, one entry a write, and tells the time."""

    def __init__(self) -> None:
        self.writes: list[list[Event]] = []
        self.now = 0.0

    async def publish(self, events: Sequence[Event]) -> None:
        self.writes.append(list(events))

    def emitter(self, *, gather_s: float = 0.0, max_bytes: int = 1000) -> Emitter:
        return Emitter(self.publish, lambda: self.now, max_bytes=max_bytes, gather_s=gather_s)


def delta(text: str) -> Event:
    return "message.delta", orjson.dumps({"delta": text})


async def test_watched_text_is_written_at_once() -> None:
    log = Log()
    emitter = log.emitter()
    await emitter.emit_text("a")
    await emitter.emit_text("b")
    assert log.writes == [[delta("a")], [delta("b")]]
    assert (emitter.text, emitter.take()) == ("ab", [])


async def test_unwatched_text_is_gathered_and_its_rest_is_left_to_the_caller() -> None:
    log = Log()
    emitter = log.emitter(gather_s=GATHER_S)
    for text in "ab":
        await emitter.emit_text(text)
    log.now = GATHER_S
    await emitter.emit_text("c")
    await emitter.emit_text("d")
    assert log.writes == [[delta("abc")]]
    assert emitter.take() == [delta("d")]


async def test_text_reasoning_and_calls_keep_their_order() -> None:
    emitter = Log().emitter(gather_s=GATHER_S)
    await emitter.emit_reasoning("hm")
    await emitter.emit_text("a")
    await emitter.emit_call(ToolCallPiece(0, "", "c", "f"))
    await emitter.emit_text("b")
    types = [event_type for event_type, _ in emitter.take()]
    assert types == ["reasoning.delta", "message.delta", "tool_call.delta", "message.delta"]


async def test_a_call_opens_with_its_name_and_goes_on_in_pieces_of_256_characters() -> None:
    log = Log()
    await log.emitter().emit_call(ToolCallPiece(1, "x" * 300, "c", "f"))
    opening, first, second = (orjson.loads(data) for _, data in log.writes[0])
    assert opening == {"index": 1, "id": "c", "name": "f", "arguments": ""}
    assert first == {"index": 1, "arguments": "x" * 256}
    assert second == {"index": 1, "arguments": "x" * 44}


async def test_long_text_is_divided_over_events() -> None:
    log = Log()
    await log.emitter(max_bytes=10**6).emit_text("é" * (MAX_DELTA_CHARS + 1))
    assert [len(orjson.loads(data)["delta"]) for _, data in log.writes[0]] == [MAX_DELTA_CHARS, 1]


async def test_a_reply_over_the_limit_is_refused_with_the_settings_name() -> None:
    emitter = Log().emitter(max_bytes=4)
    await emitter.emit_text("éé")
    with pytest.raises(OutputLimitExceeded, match=r"4 bytes.*runs\.maxOutputBytes") as caught:
        await emitter.emit_text("x")
    assert caught.value.body.code == "output_limit"


async def test_it_counts_as_started_with_the_first_piece_of_anything() -> None:
    emitter = Log().emitter(gather_s=GATHER_S)
    assert not emitter.started
    await emitter.emit_call(ToolCallPiece(0, "", "c", "f"))
    assert emitter.started
