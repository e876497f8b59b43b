"""Run events as frames of the native stream."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.run_event import RunEvent, encode_delta
from openclaw_ingress.run_view import RunEventsView
from openclaw_ingress.sse import DONE, KEEP_ALIVE, frame, retry
from tests.unit.ingress_chat.streams import RUN_ID, Recorder, parse_sse


@given(st.text(), st.integers(1, 2**40), st.integers(1, 99))
def test_a_delta_that_is_not_decoded_reads_like_one_that_is(
    text: str, sequence: int, attempt: int
) -> None:
    event = RunEvent(sequence, attempt, "message.delta", encode_delta(text))
    frames = parse_sse(RunEventsView(RUN_ID, after=sequence - 1).encode([event]))
    assert [(f.id, f.event) for f in frames] == [(sequence, "message.delta")]
    assert orjson.loads(frames[0].data) == event.to_wire(RUN_ID)


def test_the_view_ends_with_the_terminal_event() -> None:
    events = Recorder().begin().say("x").complete().events
    view = RunEventsView(RUN_ID, after=0)
    view.encode(events[:-1])
    assert not view.ended
    view.encode(events[-1:])
    assert view.ended


def test_a_gap_is_told_once() -> None:
    events = Recorder().begin().say("a", "b", "c").complete().events
    frames = parse_sse(RunEventsView(RUN_ID, after=1).encode(events[3:]))
    assert [f.event for f in frames[:2]] == ["stream_truncated", "message.delta"]
    assert frames[0].json() == {
        "type": "stream_truncated",
        "run_id": RUN_ID,
        "first_available": 4,
    }
    assert [f.id for f in frames[1:]] == [4, 5, 6, 7]


def test_frames_are_these_bytes() -> None:
    assert frame(b"{}") == b"data: {}\n\n"
    assert frame(b"{}", event_id=7, event="a.b") == b"id: 7\nevent: a.b\ndata: {}\n\n"
    assert retry(500) == b"retry: 500\n\n"
    assert (KEEP_ALIVE, DONE) == (b": keep-alive\n\n", b"data: [DONE]\n\n")
