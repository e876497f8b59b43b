"""A run's events as OpenAI's, in their order, with numbers that every replica gives alike."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.run import RunResult, RunStatus, ToolCall, Usage
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.responses_object import response_object
from tests.unit.ingress_chat.streams import RUN_ID, Frame, Recorder, last_id, parse_sse
from tests.unit.ingress_responses.response_streams import (
    events_in,
    kinds,
    put_together,
    stream,
    view,
)

BEGINNING = ["created", "in_progress"]
OPENED = ["output_item.added", "content_part.added"]
MESSAGE_DONE = ["output_text.done", "content_part.done", "output_item.done"]
CALL_DONE = ["function_call_arguments.done", "output_item.done"]
ARGUMENTS = '{"city":"Köln \\"x\\"","n":[1,2,3]}'


def told(recorder: Recorder, **how: Any) -> list[dict[str, Any]]:
    return events_in(parse_sse(stream(recorder.events, **how)))


def record(status: RunStatus, **fields: Any) -> RunRecord:
    defaults: dict[str, Any] = {
        "agent_id": "main",
        "session_key": "s",
        "source": "responses",
        "model": "openclaw",
        "stream": True,
        "include_usage": False,
        "attempt": 1,
        "created_ms": 1_234_567_890_000,
        "started_ms": None,
        "ended_ms": None,
        "expires_ms": None,
        "result": None,
        "error": None,
        "cancel_reason": None,
        "last_sequence": 9,
        "queue_position": None,
        "idempotency_key": None,
        "on_disconnect": "continue",
    }
    return RunRecord(id=RUN_ID, status=status, **{**defaults, **fields})


def test_a_text_comes_in_openais_order() -> None:
    raw = stream(Recorder().begin().say("Hel", "lo").complete().events)
    deltas = ["output_text.delta"] * 2
    assert kinds(raw) == [*BEGINNING, *OPENED, *deltas, *MESSAGE_DONE, "completed"]
    assert raw.endswith(b"\n\ndata: [DONE]\n\n")
    assert put_together(events_in(parse_sse(raw))).text == "Hello"


def test_the_numbers_begin_with_1_and_have_no_gap() -> None:
    events = told(Recorder().begin().say("a", "b").call(0, "c", "f", "{}").complete("tool_calls"))
    assert [event["sequence_number"] for event in events] == list(range(1, len(events) + 1))


def test_a_call_ends_the_message_which_is_then_commentary() -> None:
    raw = stream(
        Recorder().begin().say("so").call(0, "c1", "f", "", '{"a"', ":1}").complete().events
    )
    call = ["output_item.added", *["function_call_arguments.delta"] * 2, *CALL_DONE]
    assert kinds(raw) == [
        *BEGINNING, *OPENED, "output_text.delta", *MESSAGE_DONE, *call, "completed",
    ]  # fmt: skip
    client = put_together(events_in(parse_sse(raw)))
    assert client.calls == [("c1", "f", '{"a":1}')]
    assert client.response
    assert [item.get("phase") for item in client.response["output"]] == ["commentary", None]


def test_a_call_is_told_as_whole_before_the_next_begins() -> None:
    recorder = Recorder().begin().call(0, "c1", "f", "{}").call(1, "c2", "g", "{}")
    assert kinds(stream(recorder.complete().events)) == [
        *BEGINNING,
        *["output_item.added", "function_call_arguments.delta", *CALL_DONE] * 2,
        "completed",
    ]


def test_calls_whose_arguments_come_in_turns_are_whole_at_the_end() -> None:
    recorder = Recorder().begin().call(0, "c1", "f", '{"a"').call(1, "c2", "g", '{"b"')
    recorder.add("tool_call.delta", {"index": 0, "arguments": ":1}"})
    recorder.add("tool_call.delta", {"index": 1, "arguments": ":2}"}).complete("tool_calls")
    assert put_together(told(recorder)).calls == [("c1", "f", '{"a":1}'), ("c2", "g", '{"b":2}')]


def test_text_behind_a_call_is_a_message_of_its_own() -> None:
    recorder = Recorder().begin().say("a").call(0, "c1", "f", "{}").say("b").complete("tool_calls")
    client = put_together(told(recorder))
    assert [item["type"] for item in client.output] == ["message", "function_call", "message"]
    assert len({item["id"] for item in client.output}) == 3


def test_one_in_the_background_is_queued_first() -> None:
    recorder = Recorder()
    assert kinds(stream(recorder.events, background=True)) == ["created", "queued"]
    recorder.begin()
    assert kinds(stream(recorder.events, background=True))[2:] == ["in_progress"]


def test_an_answer_that_was_cut_is_incomplete() -> None:
    events = told(Recorder().begin().say("a").complete("length"))
    assert events[-1]["type"] == "response.incomplete"
    assert events[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"


def test_usage_has_openais_names() -> None:
    assert told(Recorder().begin().say("a").complete())[-1]["response"]["usage"] == {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 8,
    }


@pytest.mark.parametrize(
    ("event", "data", "status", "error"),
    [
        (
            "run.failed",
            {"error": ErrorBody(429, "rate_limit_error", "Slow down.").to_record()},
            "failed",
            {"code": "rate_limit_error", "message": "Slow down."},
        ),
        ("run.failed", {}, "failed", {"code": "api_error", "message": "Internal error"}),
        (
            "run.expired",
            {"error": ErrorBody(503, "api_error", "Late.", "run_expired").to_record()},
            "failed",
            {"code": "run_expired", "message": "Late."},
        ),
        ("run.cancelled", {"reason": "user"}, "cancelled", None),
    ],
)
def test_an_end_without_an_answer_is_a_failed_event(
    event: str, data: dict[str, Any], status: str, error: dict[str, str] | None
) -> None:
    last = told(Recorder().begin().say("half").add(event, data))[-1]
    assert last["type"] == "response.failed"
    response = last["response"]
    assert (response["status"], response["error"], response["output"]) == (status, error, [])


def test_a_restart_before_anything_was_said_is_invisible() -> None:
    once = stream(Recorder().begin().say("Hi").complete().events)
    assert stream(Recorder().begin().begin().say("Hi").complete().events) == once


def test_an_attempt_that_repeats_what_was_sent_goes_on_behind_it() -> None:
    recorder = Recorder().begin().say("Hel").begin().say("He", "llo").complete()
    assert put_together(told(recorder)).text == "Hello"


def test_an_attempt_that_says_something_else_ends_the_stream() -> None:
    recorder = Recorder().begin().say("Hel").begin().say("Good ", "day").complete()
    events = told(recorder)
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"]["code"] == "run_interrupted"
    assert put_together(events).text == "Hel"


def test_a_text_that_was_told_as_whole_cannot_grow() -> None:
    recorder = Recorder().begin().say("a").call(0, "c1", "f", "{}")
    recorder.begin().say("ab").call(0, "c1", "f", "{}").complete("tool_calls")
    assert told(recorder)[-1]["response"]["error"]["code"] == "run_interrupted"


def test_it_is_whole_from_the_record_when_the_events_are_gone() -> None:
    result = RunResult("so", "tool_calls", (ToolCall("c1", "f", '{"a":1}'),), Usage(3, 5, 8))
    recorder = Recorder().begin().say("so").call(0, "c1", "f", '{"a":1}').complete("tool_calls")
    kept = record(RunStatus.COMPLETED, result=result)
    stored = view().stored(kept)
    assert stored == stream(recorder.events)
    client = put_together(events_in(parse_sse(stored)))
    body = response_object(kept, {"background": False})
    assert client.response == {**body, "completed_at": None}


def test_behind_any_event_it_cannot_be_told_from_the_record() -> None:
    result = record(RunStatus.COMPLETED, result=RunResult("so"))
    assert view(starting_after=3).stored(result) is None
    failed = view().stored(record(RunStatus.CANCELLED))
    assert failed is not None
    assert kinds(failed) == [*BEGINNING, "failed"]


TEXT = st.text(
    st.sampled_from('ab"\\\n\té€😀\u2028\x00') | st.characters(exclude_categories=("Cs",)),
    max_size=8,
)


def _pieces(text: str, borders: list[int]) -> list[str]:
    marks = sorted({0, len(text), *(border % (len(text) + 1) for border in borders)})
    return [text[a:b] for a, b in pairwise(marks)] or [""]


@st.composite
def run_streams(draw: st.DrawFn) -> tuple[list[RunEvent], str, bool]:
    """Return a run's events, the text of its last attempt, and whether every attempt repeats."""
    text = "".join(draw(st.lists(TEXT, max_size=6)))
    calls = draw(st.integers(0, 2))
    recorder = Recorder()
    faithful = True
    attempts = draw(st.integers(1, 3))
    for attempt in range(attempts):
        recorder.begin()
        said = text
        if attempt > 0 and draw(st.integers(0, 3)) == 0:
            said = draw(TEXT) + text[: draw(st.integers(0, len(text)))]
        borders = st.lists(st.integers(0, 200), max_size=5)
        last = attempt == attempts - 1
        whole = said if last else said[: draw(st.integers(0, len(said)))]
        faithful = faithful and said == text
        recorder.say(*_pieces(whole, draw(borders)))
        if whole == said:
            for index in range(calls if last else draw(st.integers(0, calls))):
                recorder.call(index, f"c{index}", "f", *_pieces(ARGUMENTS, draw(borders)))
    end = draw(st.sampled_from(["complete", "run.failed", "run.cancelled", "run.expired"]))
    if end == "complete":
        recorder.complete("tool_calls" if calls else "stop")
    else:
        recorder.add(end, {})
    return recorder.events, said, faithful


@given(run_streams(), st.booleans(), st.lists(st.integers(0, 100_000), min_size=1, max_size=6))
def test_cut_at_any_bytes_and_resumed_the_frames_are_those_of_the_uncut_stream(
    run: tuple[list[RunEvent], str, bool], background: bool, cuts: list[int]
) -> None:
    events, _, _ = run
    uncut = parse_sse(stream(events, background=background))
    got: list[Frame] = []
    for cut in [*cuts, -1]:
        rest = stream(events, background=background, starting_after=last_id(got))
        got += parse_sse(rest if cut < 0 else rest[: cut % (len(rest) + 1)])
        if got and got[-1].data == "[DONE]":
            break
    assert got == uncut


@given(run_streams(), st.lists(st.integers(1, 5), min_size=1))
def test_however_run_events_are_batched_the_bytes_are_the_same(
    run: tuple[list[RunEvent], str, bool], sizes: list[int]
) -> None:
    events, _, _ = run
    one = view()
    marks = [0, *accumulate(sizes), len(events)]
    assert b"".join(one.encode(events[a:b]) for a, b in pairwise(marks)) == stream(events)


@given(run_streams())
def test_a_stream_gives_the_last_attempts_answer_or_breaks_off_without_mixing(
    run: tuple[list[RunEvent], str, bool],
) -> None:
    events, text, faithful = run
    client = put_together(events_in(parse_sse(stream(events))))
    assert client.response is not None
    if client.response["status"] == "completed":
        assert client.text == text
        assert all(arguments == ARGUMENTS for _, _, arguments in client.calls)
    if faithful:
        assert text.startswith(client.text)
        assert (client.response["error"] or {}).get("code") != "run_interrupted"
