"""Folding the bytes of Gemini's answers into pieces."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_agent_worker.models.answer import CallPiece, Piece, ReasoningPiece, TextPiece
from openclaw_agent_worker.models.errors import Redaction, UpstreamFailure
from openclaw_agent_worker.models.gemini_answer import GeminiAnswer


def event(*parts: dict[str, Any], finish: str | None = None, **members: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    return b"data: " + orjson.dumps({"candidates": [candidate], **members}) + b"\r\n\r\n"


def fold(*reads: bytes) -> tuple[list[Piece], GeminiAnswer]:
    answer = GeminiAnswer(Redaction(()))
    pieces: list[Piece] = []
    for read in reads:
        pieces += answer.feed(read)
        if answer.failure is not None:
            raise answer.failure
    return pieces + answer.end(), answer


def failure_of(*reads: bytes) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        fold(*reads)
    return caught.value


STOPPED = event(finish="STOP")


def test_a_signature_stays_with_its_part_and_the_next_text_is_another() -> None:
    pieces, _ = fold(
        event({"text": "a"})
        + event({"text": "b"}, {"text": "", "thoughtSignature": "s1"})
        + event({"text": "c", "thoughtSignature": "s2"}),
        STOPPED,
    )
    assert pieces == [TextPiece("ab", 1, "s1"), TextPiece("c", 2, "s2")]


def test_a_signature_that_comes_later_than_its_text_is_of_the_same_part() -> None:
    pieces, _ = fold(event({"text": "a"}), event({"text": "", "thoughtSignature": "s"}), STOPPED)
    assert pieces == [TextPiece("a", 1), TextPiece("", 1, "s")]


def test_calls_have_their_signatures_and_ids() -> None:
    signed = {"functionCall": {"id": "c1", "name": "f", "args": {"q": 1}}, "thoughtSignature": "s"}
    bare = {"functionCall": {"name": "g"}}
    pieces, answer = fold(event({"text": "t", "thought": True}, signed, bare), STOPPED)
    thought, first, second = pieces
    assert thought == ReasoningPiece("t", 1)
    assert first == CallPiece(2, '{"q":1}', "c1", "f", "s")
    assert isinstance(second, CallPiece)
    assert (second.text, second.name, second.signature) == ("{}", "g", None)
    assert second.id
    assert answer.ended == "tool_call"


@pytest.mark.parametrize(
    ("finish", "ends"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("SPII", "content_filter"),
        ("NEWS_OF_TOMORROW", "stop"),
    ],
)
def test_every_reason_to_stop_has_its_meaning(finish: str, ends: str) -> None:
    assert fold(event({"text": "a"}, finish=finish))[1].ended == ends


@pytest.mark.parametrize("finish", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "LANGUAGE"])
def test_an_answer_that_came_to_nothing_may_be_asked_for_again(finish: str) -> None:
    failure = failure_of(event(finish=finish))
    assert (failure.body.status, failure.retryable) == (502, True)


def test_what_a_filter_says_is_text() -> None:
    candidate = {"finishReason": "SAFETY", "finishMessage": "Not this."}
    data = b"data: " + orjson.dumps({"candidates": [candidate]}) + b"\n\n"
    assert [piece.text for piece in fold(data)[0]] == ["Not this."]


def test_a_blocked_prompt_is_an_answer() -> None:
    feedback = {"blockReason": "OTHER", "blockReasonMessage": "It was blocked."}
    data = b"data: " + orjson.dumps({"promptFeedback": feedback}) + b"\n\n"
    pieces, answer = fold(data)
    assert [piece.text for piece in pieces] == ["It was blocked."]
    assert answer.ended == "content_filter"


def test_counts_are_those_of_the_last_event_that_has_them() -> None:
    first = {"promptTokenCount": 10, "cachedContentTokenCount": 4, "thoughtsTokenCount": 3}
    last = {"promptTokenCount": 10, "toolUsePromptTokenCount": 1, "candidatesTokenCount": 5}
    used = fold(event(usageMetadata=first), event(finish="STOP", usageMetadata=last))[1].usage
    assert used is not None
    assert (used.input_tokens, used.output_tokens, used.cache_read_tokens) == (11, 8, 4)
    assert used.details == {"reasoning_tokens": 3}


@pytest.mark.parametrize("listed", [False, True])
def test_an_error_that_no_line_announces_is_read(listed: bool) -> None:
    error: Any = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}
    text = orjson.dumps([error] if listed else error, option=orjson.OPT_INDENT_2)
    failure = failure_of(event({"text": "a"}), text[:30], text[30:])
    assert (failure.body.status, failure.body.message) == (429, "Slow down.")


def test_an_answer_without_a_reason_to_stop_was_cut_off() -> None:
    assert failure_of(event({"text": "a"})).body.status == 502


_NAMES = ["text", "thought", "thoughtSignature", "functionCall", "id", "name", "args", "parts"]
_NAMES += ["content", "finishReason", "promptFeedback", "blockReason", "finishMessage", "error"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 700) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)
_PARTS = st.lists(st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4), max_size=3)
_CANDIDATE = st.fixed_dictionaries({}, optional={"finishReason": _JSON, "finishMessage": _JSON}) | (
    _PARTS.map(lambda parts: {"content": {"parts": parts}})
)
_EVENT = (
    st.lists(_CANDIDATE | _JSON, max_size=2).map(lambda found: {"candidates": found})
    | _JSON.map(lambda value: {"usageMetadata": value, "promptFeedback": value})
    | _JSON
)


@given(reads=st.lists(_EVENT.map(lambda value: b"data: " + orjson.dumps(value) + b"\n")))
def test_whatever_comes_only_an_upstream_failure_comes_of_it(reads: list[bytes]) -> None:
    with suppress(UpstreamFailure):
        fold(*reads)
