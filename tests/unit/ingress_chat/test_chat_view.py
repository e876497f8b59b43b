"""Which run event makes which frame of a chat completion."""

import orjson
import pytest

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.run import RunResult, RunStatus, ToolCall, Usage
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.chat_view import completion_object, terminal_error
from tests.unit.ingress_chat.streams import (
    CREATED_S,
    RUN_ID,
    USAGE,
    Recorder,
    calls_of,
    content_of,
    parse_sse,
    stream,
    view,
)

HEAD = (
    '{"id":"chatcmpl_123e4567-e89b-42d3-a456-426614174000","object":"chat.completion.chunk",'
    '"created":1234567890,"model":"openclaw","choices":['
)


def _chunk(sequence: int, delta: str, finish: str = "null") -> str:
    choice = f'{{"index":0,"delta":{delta},"finish_reason":{finish}}}'
    return f"id: {sequence}\ndata: {HEAD}{choice}]}}\n\n"


def test_a_short_answer_is_exactly_these_bytes() -> None:
    events = Recorder().begin().say("Hel", 'lo "ö"\n').complete().events
    assert stream(events, include_usage=True).decode() == (
        _chunk(1, '{"role":"assistant"}')
        + _chunk(3, '{"content":"Hel"}')
        + _chunk(4, '{"content":"lo \\"ö\\"\\n"}')
        + _chunk(5, "{}", '"stop"')
        + f'id: 6\ndata: {HEAD}],"usage":{orjson.dumps(USAGE).decode()}}}\n\n'
        + "data: [DONE]\n\n"
    )


def test_without_the_usage_chunk_the_end_carries_the_last_id() -> None:
    events = Recorder().begin().say("x").complete("length").events
    assert stream(events).endswith(b'"finish_reason":"length"}]}\n\nid: 5\ndata: [DONE]\n\n')


def test_a_tool_call_names_itself_once_and_then_goes_on_in_pieces() -> None:
    events = Recorder().begin().call(0, "c1", "f", "", '{"a"', ":1}").complete("tool_calls").events
    assert stream(events).decode() == (
        _chunk(1, '{"role":"assistant"}')
        + _chunk(
            3,
            '{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""},"id":"c1",'
            '"type":"function"}]}',
        )
        + _chunk(4, '{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}')
        + _chunk(5, '{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}')
        + _chunk(6, "{}", '"tool_calls"')
        + "id: 7\ndata: [DONE]\n\n"
    )


@pytest.mark.parametrize(
    ("type_", "data", "error"),
    [
        (
            "run.failed",
            {"error": {"status": 429, "type": "rate_limit_error", "message": "slow", "code": "x"}},
            {"message": "slow", "type": "rate_limit_error", "code": "x"},
        ),
        ("run.failed", {}, {"message": "Internal error", "type": "api_error"}),
        (
            "run.expired",
            {"error": {"status": 503, "type": "api_error", "message": "waited"}},
            {"message": "waited", "type": "api_error"},
        ),
        (
            "run.cancelled",
            {"reason": "user"},
            {"message": "The run was cancelled.", "type": "api_error", "code": "run_cancelled"},
        ),
    ],
)
def test_a_run_that_ends_badly_ends_the_stream_with_its_error(
    type_: str, data: dict[str, object], error: dict[str, object]
) -> None:
    frames = parse_sse(stream(Recorder().begin().say("a").add(type_, data).events))
    assert [frame.id for frame in frames] == [1, 3, 4, None]
    assert frames[-2].json() == {"error": error}
    assert frames[-1].data == "[DONE]"


def test_events_that_clients_need_not_know_make_no_frame() -> None:
    recorder = Recorder().begin()
    for type_ in ("reasoning.delta", "tool.started", "tool.completed", "delivery.sent"):
        recorder.add(type_, {"delta": "x"})
    assert [frame.id for frame in parse_sse(stream(recorder.say("a").events))] == [1, 7]


def test_nothing_follows_the_end() -> None:
    chat = view()
    chat.encode(Recorder().begin().complete().events)
    assert chat.ended
    assert chat.frames(RunEvent(99, 1, "message.delta", b'{"delta":"x"}')) == []


def test_resuming_at_or_behind_the_end_gives_only_the_end() -> None:
    events = Recorder().begin().say("x").complete().events
    for after in (len(events), len(events) + 1):
        for usage in (False, True):
            chunks = stream(events, starting_after=after, include_usage=usage)
            assert chunks == b"data: [DONE]\n\n"


def test_a_restart_before_the_first_word_cannot_be_seen() -> None:
    restarted = Recorder().begin().add("reasoning.delta", {"delta": "hm"}).begin().say("a")
    frames = parse_sse(stream(restarted.complete().events))
    assert content_of(frames) == "a"
    assert "error" not in frames[-2].data


@pytest.mark.parametrize(
    "repeated",
    [("Hello ", "world"), ("H", "ello w", "orld"), ("Hello world",), ("", "Hello world")],
)
def test_a_new_attempt_that_repeats_what_was_sent_goes_on_from_there(
    repeated: tuple[str, ...],
) -> None:
    events = Recorder().begin().say("Hel", "lo").begin().say(*repeated).complete().events
    frames = parse_sse(stream(events))
    assert content_of(frames) == "Hello world"
    assert frames[-1].data == "[DONE]"


def test_a_delta_that_overlaps_what_was_sent_is_cut() -> None:
    events = Recorder().begin().say('a"ö').begin().say('a"ö\\b').events
    frames = parse_sse(stream(events))
    assert [frame.id for frame in frames] == [1, 3, 5]
    assert frames[-1].json()["choices"][0]["delta"] == {"content": "\\b"}


@pytest.mark.parametrize("other", [("Help",), ("Hel", "p"), ("hello",), ("Hel", "lx")], ids=repr)
def test_at_the_first_difference_the_stream_ends_with_an_error(other: tuple[str, ...]) -> None:
    events = Recorder().begin().say("Hello").begin().say(*other, " and more").complete().events
    frames = parse_sse(stream(events))
    assert content_of(frames) == "Hello"
    assert frames[-2].json()["error"]["code"] == "run_interrupted"
    assert frames[-1].data == "[DONE]"


def test_a_new_attempt_that_stops_short_of_what_was_sent_is_a_difference() -> None:
    events = Recorder().begin().say("Hello").begin().say("Hel").complete().events
    assert parse_sse(stream(events))[-2].json()["error"]["code"] == "run_interrupted"


def test_two_restarts_are_no_worse_than_one() -> None:
    recorder = Recorder().begin().say("ab").begin().say("a").begin().say("abc", "d")
    frames = parse_sse(stream(recorder.complete().events))
    assert content_of(frames) == "abcd"


def test_tool_calls_are_held_to_what_was_sent_like_text() -> None:
    first = Recorder().begin().call(0, "c1", "f", '{"a":', "1")
    same = first.begin().call(0, "c1", "f", '{"a":1', "}").call(1, "c2", "g", "{}")
    frames = parse_sse(stream(same.complete("tool_calls").events))
    assert calls_of(frames) == {0: ("c1", "f", '{"a":1}'), 1: ("c2", "g", "{}")}


@pytest.mark.parametrize(
    ("call_id", "name", "arguments"),
    [("other", "f", '{"a":1}'), ("c1", "g", '{"a":1}'), ("c1", "f", '{"b":1}'), ("c1", "f", "")],
)
def test_a_tool_call_that_differs_ends_the_stream(call_id: str, name: str, arguments: str) -> None:
    recorder = Recorder().begin().call(0, "c1", "f", '{"a":1').begin()
    recorder.call(0, call_id, name, arguments).complete("tool_calls")
    frames = parse_sse(stream(recorder.events))
    assert calls_of(frames) == {0: ("c1", "f", '{"a":1')}
    assert frames[-2].json()["error"]["code"] == "run_interrupted"


def test_a_tool_call_that_does_not_come_again_is_a_difference() -> None:
    recorder = Recorder().begin().call(0, "c1", "f", "{}").begin().say("instead").complete()
    frames = parse_sse(stream(recorder.events))
    assert frames[-2].json()["error"]["code"] == "run_interrupted"


def _record(status: RunStatus, **more: object) -> RunRecord:
    fields: dict[str, object] = {
        "id": RUN_ID,
        "status": status,
        "agent_id": "main",
        "session_key": "agent:main:x",
        "source": "chat",
        "model": "openclaw",
        "stream": True,
        "include_usage": False,
        "attempt": 1,
        "created_ms": CREATED_S * 1000 + 999,
        "started_ms": None,
        "ended_ms": None,
        "expires_ms": None,
        "result": None,
        "error": None,
        "cancel_reason": None,
        "last_sequence": 0,
        "queue_position": None,
        "idempotency_key": None,
        "on_disconnect": "cancel",
        **more,
    }
    return RunRecord(**fields)  # type: ignore[arg-type]


RESULT = RunResult("Hello", "tool_calls", (ToolCall("c1", "f", "{}"),), Usage(3, 5, 8))


def test_a_finished_run_is_one_object() -> None:
    record = _record(RunStatus.COMPLETED)
    assert completion_object(record, RESULT) == {
        "id": "chatcmpl_123e4567-e89b-42d3-a456-426614174000",
        "object": "chat.completion",
        "created": CREATED_S,
        "model": "openclaw",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hello",
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "f", "arguments": "{}"},
                        }
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": USAGE,
    }


def test_each_bad_end_has_an_error_with_a_status() -> None:
    failed = ErrorBody(429, "rate_limit_error", "slow down")
    assert terminal_error(_record(RunStatus.FAILED, error=failed)) == failed
    assert terminal_error(_record(RunStatus.FAILED)).status == 500
    assert terminal_error(_record(RunStatus.EXPIRED)).status == 500
    cancelled = terminal_error(_record(RunStatus.CANCELLED))
    assert (cancelled.status, cancelled.code) == (409, "run_cancelled")


def test_a_run_whose_events_are_gone_is_told_from_its_record() -> None:
    events = Recorder().begin().say("Hel", "lo").call(0, "c1", "f", "{}").complete("tool_calls")
    last = len(events.events)
    record = _record(RunStatus.COMPLETED, result=RESULT, last_sequence=last)
    full = parse_sse(stream(events.events, include_usage=True))
    told = parse_sse(view(include_usage=True).stored(record) or b"")
    assert (content_of(told), calls_of(told)) == (content_of(full), calls_of(full))
    assert [frame.id for frame in told] == [1, last - 2, last - 1, last, None]
    assert told[-3:] == full[-3:]
    for after in (1, last - 2, last - 1, last):
        rest = parse_sse(view(include_usage=True, starting_after=after).stored(record) or b"")
        assert rest == [f for f in told if f.id is None or f.id > after]


def test_a_reader_who_stopped_within_a_text_that_is_gone_is_not_told_another() -> None:
    record = _record(RunStatus.COMPLETED, result=RESULT, last_sequence=9)
    assert [view(starting_after=after).stored(record) for after in (2, 6)] == [None, None]
    forgotten = _record(RunStatus.COMPLETED, result=RESULT, last_sequence=0)
    assert view().stored(forgotten) is None


def test_a_bad_end_whose_events_are_gone_is_told_wherever_the_reader_stopped() -> None:
    record = _record(RunStatus.CANCELLED, last_sequence=9)
    for after, ids in ((0, [1, 9, None]), (5, [9, None]), (9, [None])):
        frames = parse_sse(view(starting_after=after).stored(record) or b"")
        assert [frame.id for frame in frames] == ids
