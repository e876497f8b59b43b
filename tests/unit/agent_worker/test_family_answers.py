"""Folding the bytes of Responses, Messages and Gemini answers into pieces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_agent_worker.models.answer import Answer, CallPiece, Piece, ReasoningPiece, TextPiece
from openclaw_agent_worker.models.anthropic_answer import MessagesAnswer
from openclaw_agent_worker.models.errors import Redaction, UpstreamFailure
from openclaw_agent_worker.models.gemini_answer import GeminiAnswer
from openclaw_agent_worker.models.responses_answer import ResponsesAnswer
from tests.fakes.provider_script import Script
from tests.fakes.wire import Wire
from tests.fakes.wire_anthropic import AnthropicWire
from tests.fakes.wire_gemini import GeminiWire
from tests.fakes.wire_responses import ResponsesWire

ANSWERS: dict[str, Callable[[Redaction], Answer]] = {
    "gemini": GeminiAnswer,
    "messages": MessagesAnswer,
    "responses": ResponsesAnswer,
}
WIRES: dict[str, Wire] = {
    "gemini": GeminiWire(),
    "messages": AnthropicWire(),
    "responses": ResponsesWire(),
}


def fold(kind: str, *reads: bytes) -> tuple[list[Piece], Answer]:
    answer = ANSWERS[kind](Redaction(()))
    pieces: list[Piece] = []
    for read in reads:
        pieces += answer.feed(read)
        if answer.failure is not None:
            raise answer.failure
    return pieces + answer.end(), answer


def frame(kind: str, **event: Any) -> bytes:
    return b"data: " + orjson.dumps({"type": kind, **event}) + b"\n\n"


def item(place: int, done: bool, **members: Any) -> bytes:
    name = f"response.output_item.{'done' if done else 'added'}"
    return frame(name, output_index=place, item=members)


def ended(status: str = "completed", **members: Any) -> bytes:
    return frame(f"response.{status}", response={"status": status, **members})


STOPPED = frame("message_delta", delta={"stop_reason": "end_turn"}) + frame("message_stop")


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("step", [1, 7, 100, 10_000])
def test_cutting_the_bytes_anywhere_changes_nothing(kind: str, step: int) -> None:
    frames = WIRES[kind].frames(Script(tokens=3, reasoning=2), {})
    raw = frames.opening() + b"".join(frames.content()) + frames.closing()
    pieces, answer = fold(kind, *(raw[at : at + step] for at in range(0, len(raw), step)))
    text = "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))
    thought = [piece for piece in pieces if isinstance(piece, ReasoningPiece)]
    assert text == "tok0 tok1 tok2 "
    assert "".join(piece.text for piece in thought) == "think0 think1 "
    assert [piece.signature for piece in pieces if piece.signature]
    assert answer.ended == "stop"


def test_counts_of_messages_are_those_of_the_last_event_that_has_them() -> None:
    first = {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 5}
    last = {
        "input_tokens": None,
        "cache_creation_input_tokens": 2,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
    }
    start = frame("message_start", message={"usage": first})
    end = frame("message_delta", delta={"stop_reason": "max_tokens"}, usage=last)
    _, answer = fold("messages", start + end + frame("message_stop"))
    used = answer.usage
    assert used is not None
    assert (used.input_tokens, used.output_tokens) == (17, 9)
    assert (used.cache_read_tokens, used.cache_write_tokens) == (5, 2)
    assert used.details == {"reasoning_tokens": 4}
    assert answer.ended == "length"


def test_a_refusal_that_explains_itself_is_text() -> None:
    delta = {"stop_reason": "refusal", "stop_details": {"explanation": "It is against the rules."}}
    pieces, _ = fold("messages", frame("message_delta", delta=delta) + frame("message_stop"))
    assert [piece.text for piece in pieces] == ["It is against the rules."]


def test_blocks_and_events_of_an_unknown_type_are_passed_over() -> None:
    block = {"type": "server_tool_use", "id": "s", "name": "web", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": "{}"}
    read = (
        frame("content_block_start", index=0, content_block=block)
        + frame("content_block_delta", index=0, delta=delta)
        + frame("news", anything=[])
        + frame("content_block_start", index=1, content_block={"type": "text", "text": "hi"})
    )
    assert fold("messages", read, STOPPED)[0] == [TextPiece("hi", 1)]


def test_a_call_whose_arguments_come_with_its_block_has_them() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    read = frame("content_block_start", index=0, content_block=block)
    pieces, _ = fold("messages", read, STOPPED)
    assert pieces == [CallPiece(0, '{"a":1}', "t", "f")]


def test_every_summary_of_a_reasoning_item_is_named_after_it() -> None:
    name = "response.reasoning_summary_text.delta"
    read = (
        item(0, False, type="reasoning", id="rs")
        + frame(name, output_index=0, summary_index=0, delta="a")
        + frame(name, output_index=0, summary_index=0, delta="b")
        + frame(name, output_index=0, summary_index=1, delta="c")
        + item(0, True, type="reasoning", id="rs", encrypted_content="sealed")
    )
    assert fold("responses", read, ended())[0] == [
        ReasoningPiece("ab", (0, 0), "rs"),
        ReasoningPiece("c", (0, 1), "rs"),
        ReasoningPiece("", (0, 0), "rs", "sealed"),
    ]


def test_items_that_come_whole_are_read_when_they_are_done() -> None:
    said = {"type": "output_text", "text": "hi"}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
    read = item(0, True, type="message", content=[said]) + item(1, True, **call)
    pieces, answer = fold("responses", read, ended())
    assert pieces == [TextPiece("hi", 0), CallPiece(1, '{"a":1}', "c", "f")]
    assert answer.ended == "tool_call"


@pytest.mark.parametrize(
    ("code", "status"),
    [("server_error", 502), ("rate_limit_exceeded", 429), ("invalid_prompt", 400)],
)
def test_a_failed_response_is_the_failure_that_its_code_means(code: str, status: int) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        fold("responses", ended("failed", error={"code": code, "message": "m"}))
    assert caught.value.body.status == status


@pytest.mark.parametrize(
    ("reason", "ends"),
    [("max_output_tokens", "length"), ("content_filter", "content_filter")],
)
def test_an_incomplete_response_says_why(reason: str, ends: str) -> None:
    _, answer = fold("responses", ended("incomplete", incomplete_details={"reason": reason}))
    assert answer.ended == ends


def test_an_error_is_read_in_both_forms_it_comes_in() -> None:
    error = {"code": "rate_limit_exceeded", "message": "slow down"}
    for event in (frame("error", **error), frame("error", error=error)):
        with pytest.raises(UpstreamFailure) as caught:
            fold("responses", event)
        assert (caught.value.body.status, caught.value.body.message) == (429, "slow down")


_NAMES = [
    "type",
    "index",
    "delta",
    "content_block",
    "message",
    "usage",
    "text",
    "thinking",
    "signature",
    "data",
    "id",
    "name",
    "input",
    "error",
    "stop_reason",
    "output_index",
    "summary_index",
    "content_index",
    "item",
    "response",
    "status",
    "call_id",
    "arguments",
    "encrypted_content",
    "content",
    "incomplete_details",
    "code",
]
_TYPES = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "message_stop",
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "text_delta",
    "thinking_delta",
    "signature_delta",
    "input_json_delta",
    "error",
    "reasoning",
    "function_call",
    "message",
    "response.output_text.delta",
    "response.output_item.added",
    "response.output_item.done",
    "response.function_call_arguments.delta",
    "response.completed",
    "response.reasoning_summary_text.delta",
    "response.failed",
]
_JSON = st.recursive(
    st.none() | st.integers(-5, 700) | st.text(max_size=5) | st.sampled_from(_TYPES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5)
    ),
    max_leaves=15,
)
_EVENT = st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=5).flatmap(
    lambda event: st.sampled_from(_TYPES).map(lambda kind: {**event, "type": kind})
)


@pytest.mark.parametrize("kind", ANSWERS)
@given(reads=st.lists(_EVENT.map(lambda value: b"data: " + orjson.dumps(value) + b"\n")))
def test_whatever_a_provider_sends_only_an_upstream_failure_comes_of_it(
    kind: str, reads: list[bytes]
) -> None:
    with suppress(UpstreamFailure):
        fold(kind, *reads)
