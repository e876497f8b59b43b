"""Folding the bytes of a chat-completions answer into pieces."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_agent_worker.models.answer import CallPiece, Piece, ReasoningPiece, TextPiece
from openclaw_agent_worker.models.errors import Redaction, UpstreamFailure
from openclaw_agent_worker.models.openai_answer import ChatAnswer

DONE = b"data: [DONE]\n\n"


def new_answer() -> ChatAnswer:
    return ChatAnswer(Redaction(()))


def frame(delta: dict[str, Any] | None = None, **chunk: Any) -> bytes:
    if delta is not None:
        chunk["choices"] = [{"index": 0, "delta": delta}]
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def fold(*reads: bytes) -> list[Piece]:
    answer = new_answer()
    pieces: list[Piece] = []
    for read in reads:
        pieces += answer.feed(read)
        if answer.failure is not None:
            raise answer.failure
    return pieces + answer.end()


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def test_text_of_one_read_comes_out_as_one_piece() -> None:
    read = frame({"role": "assistant"}) + frame({"content": "a"}) + frame({"content": "b"})
    assert fold(read, frame({"content": "c"}) + DONE) == [TextPiece("ab"), TextPiece("c")]


def test_reasoning_text_and_calls_keep_their_order() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"a":'}}
    rest = {"index": 0, "function": {"arguments": "1}"}}
    read = (
        frame({"reasoning_content": "hm"})
        + frame({"content": "so"})
        + frame({"tool_calls": [call]})
        + frame({"tool_calls": [rest]})
    )
    assert fold(read + DONE) == [
        ReasoningPiece("hm"),
        TextPiece("so"),
        CallPiece(0, '{"a":1}', "c1", "f"),
    ]


def test_calls_without_index_are_told_apart_by_their_ids() -> None:
    calls = [{"id": f"c{n}", "function": {"name": "f", "arguments": f"{n}"}} for n in range(2)]
    pieces = fold(frame({"tool_calls": calls[:1]}) + frame({"tool_calls": calls[1:]}) + DONE)
    assert [(p.slot, p.text) for p in pieces if isinstance(p, CallPiece)] == [
        (0, "0"),
        (1, "1"),
    ]


def test_a_name_that_is_sent_again_is_not_added_to_itself() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    again = {"index": 0, "id": "", "function": {"name": "f", "arguments": ""}}
    pieces = fold(frame({"tool_calls": [call]}) + frame({"tool_calls": [again]}) + DONE)
    assert pieces == [CallPiece(0, "{}", "c1", "f")]


def test_a_call_without_id_or_arguments_gets_both() -> None:
    pieces = fold(frame({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}) + DONE)
    opening, arguments = pieces
    assert isinstance(opening, CallPiece)
    assert (opening.id or "").startswith("call_")
    assert arguments == CallPiece(0, "{}")


def test_arguments_and_content_in_other_forms_are_read() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": {"a": 1}}}
    content = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    pieces = fold(frame({"content": content}) + frame({"tool_calls": [call]}) + DONE)
    assert pieces == [TextPiece("hello"), CallPiece(0, '{"a":1}', "c", "f")]


def test_usage_and_finish_reason_are_kept_for_the_end() -> None:
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 1},
        "completion_tokens_details": None,
    }
    answer = new_answer()
    answer.feed(frame(choices=[{"delta": {}, "finish_reason": "length"}]))
    answer.feed(frame(choices=[], usage=usage) + DONE)
    assert (answer.ended, answer.done) == ("length", True)
    used = answer.usage
    assert used is not None
    assert (used.input_tokens, used.output_tokens, used.cache_read_tokens) == (3, 2, 1)
    assert used.details == {"total_tokens": 9, "reasoning_tokens": 0}


def test_a_surrogate_pair_split_over_chunks_becomes_its_character() -> None:
    reads = [rb'data: {"choices":[{"delta":{"content":"a\ud83d"}}]}' + b"\n\n"]
    reads += [rb'data: {"choices":[{"delta":{"content":"\ude00b"}}]}' + b"\n\n", DONE]
    assert text_of(fold(*reads)) == "a😀b"


@pytest.mark.parametrize("lone", [r"\ud83d", r"\ude00", r"\ude00\ud83d"])
def test_lone_surrogates_become_replacement_characters(lone: str) -> None:
    read = b'data: {"choices":[{"delta":{"content":"x' + lone.encode() + b'"}}]}\n\n'
    text = text_of(fold(read, DONE))
    assert text.replace("�", "") == "x"
    assert len(text) == 1 + len(lone) // 6


def test_broken_utf8_does_not_end_the_answer() -> None:
    read = b'data: {"choices":[{"delta":{"content":"caf\xc3"}}]}\n\n'
    assert text_of(fold(read, DONE)) == "caf�"


def test_a_whole_answer_reads_like_a_streamed_one() -> None:
    answer = new_answer()
    message = {"role": "assistant", "content": "hi", "tool_calls": None}
    body = orjson.dumps({"choices": [{"message": message, "finish_reason": "stop"}]})
    assert answer.whole(body) + answer.end() == [TextPiece("hi")]


@pytest.mark.parametrize(
    "raw",
    [
        b"data: {not json}\n\n",
        b"data: null\n\n",
        b'data: {"choices":{"a":1}}\n\n',
        b'data: {"choices":[7]}\n\n',
        b'data: {"choices":[{"delta":{"content":5}}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"function":{}}]}}]}\n\n',
        b"<html>Bad gateway</html>",
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_rubbish_is_an_upstream_error_that_is_not_tried_again(raw: bytes) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        fold(raw)
    assert caught.value.body.status == 502
    assert caught.value.body.message == "upstream provider error"
    assert not caught.value.retryable


def test_text_before_an_error_of_the_same_read_is_given_out_first() -> None:
    answer = new_answer()
    read = frame({"content": "a"}) + frame(error={"message": "m", "type": "overloaded_error"})
    assert answer.feed(read) == [TextPiece("a")]
    assert answer.failure is not None
    assert answer.failure.body.status == 503


@pytest.mark.parametrize("raw", [b"", frame({"content": "a"}), b'data: {"choices":[{"del'])
def test_an_answer_that_breaks_off_may_be_tried_again(raw: bytes) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        fold(raw)
    assert caught.value.retryable


@given(st.lists(st.text(), min_size=1, max_size=8), st.integers(min_value=1, max_value=40))
def test_cutting_the_bytes_anywhere_changes_no_text(texts: list[str], step: int) -> None:
    raw = b"".join(frame({"content": text}) for text in texts) + DONE
    reads = [raw[start : start + step] for start in range(0, len(raw), step)]
    assert text_of(fold(*reads)) == "".join(texts)


_NAMES = (
    "choices",
    "delta",
    "content",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "index",
    "id",
    "usage",
    "prompt_tokens",
    "error",
    "code",
    "type",
    "message",
    "reasoning",
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 700) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(_JSON.map(lambda value: b"data: " + orjson.dumps(value) + b"\n") | st.binary()))
def test_whatever_a_provider_sends_only_an_upstream_failure_comes_of_it(reads: list[bytes]) -> None:
    with suppress(UpstreamFailure):
        fold(*reads)
