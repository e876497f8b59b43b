"""Events come out of a byte stream whole, wherever the network cut it."""

from __future__ import annotations

from openclaw_cli.event_stream import EventStreamDecoder, ServerSentEvent

STREAM = (
    b": keep-alive\n\n"
    b"retry: 1000\n\n"
    b"id: 1\nevent: run.queued\ndata: {}\n\n"
    b"data: first line\r\ndata: s\xc3\xa9cond\r\n\r\n"
    b"id: 7\ndata:[DONE]\n\n"
)
EVENTS = [
    ServerSentEvent("{}", "run.queued", "1"),
    ServerSentEvent("first line\nsécond", "", "1"),
    ServerSentEvent("[DONE]", "", "7"),
]


def test_events_are_the_same_at_every_cut() -> None:
    for cut in range(len(STREAM) + 1):
        decoder = EventStreamDecoder()
        assert decoder.feed(STREAM[:cut]) + decoder.feed(STREAM[cut:]) == EVENTS


def test_half_an_event_is_no_event() -> None:
    decoder = EventStreamDecoder("4")
    assert decoder.feed(b"id: 5\ndata: half\n") == []


def test_an_event_without_an_id_keeps_the_one_before() -> None:
    assert EventStreamDecoder("4").feed(b"data: x\n\n") == [ServerSentEvent("x", "", "4")]
