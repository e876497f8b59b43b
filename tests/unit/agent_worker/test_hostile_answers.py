"""Answers that no provider's protocol has: each is an upstream error, never an empty answer."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import orjson
import pytest

from openclaw_agent_worker.models.answer import MAX_ANSWER_BYTES, MAX_COUNT, Answer
from openclaw_agent_worker.models.anthropic_answer import MessagesAnswer
from openclaw_agent_worker.models.errors import Redaction, UpstreamFailure
from openclaw_agent_worker.models.gemini_answer import GeminiAnswer
from openclaw_agent_worker.models.openai_answer import ChatAnswer
from openclaw_agent_worker.models.responses_answer import ResponsesAnswer

ANSWERS: dict[str, Callable[[Redaction], Answer]] = {
    "chat": ChatAnswer,
    "gemini": GeminiAnswer,
    "messages": MessagesAnswer,
    "responses": ResponsesAnswer,
}
CALLS = {
    "chat": {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": ""}}]}}]},
    "gemini": {"candidates": [{"content": {"parts": [{"functionCall": {"name": ""}}]}}]},
    "messages": {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "tool_use", "id": "a", "name": ""},
    },
    "responses": {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {"type": "function_call", "call_id": "a", "name": ""},
    },
}
HUGE = 2**63 - 1
COUNTED = {
    "chat": {"choices": [], "usage": {"prompt_tokens": HUGE, "completion_tokens": HUGE}},
    "gemini": {"usageMetadata": {"promptTokenCount": HUGE, "toolUsePromptTokenCount": HUGE}},
    "messages": {
        "type": "message_start",
        "message": {"usage": {"input_tokens": HUGE, "cache_read_input_tokens": HUGE}},
    },
    "responses": {
        "type": "response.completed",
        "response": {"usage": {"input_tokens": HUGE, "output_tokens": HUGE}},
    },
}


def data(event: object) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


def fold(answer: Answer, *reads: bytes) -> None:
    for read in reads:
        answer.feed(read)
    answer.end()


@pytest.fixture(params=ANSWERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def answer(kind: str) -> Answer:
    return ANSWERS[kind](Redaction(()))


@pytest.mark.parametrize("body", [b"{}", b'{"ok":true}', b'{"code":400,"message":"no"}', b"[]"])
def test_json_in_place_of_a_stream_that_is_no_answer_is_an_error(
    answer: Answer, body: bytes
) -> None:
    with pytest.raises(UpstreamFailure):
        answer.whole(body)


@pytest.mark.parametrize("before", [b"", data({"ok": True})])
def test_the_mark_of_the_end_alone_is_no_answer(answer: Answer, before: bytes) -> None:
    with pytest.raises(UpstreamFailure):
        fold(answer, before + b"data: [DONE]\n\n")


def test_a_call_of_nothing_is_an_error(answer: Answer, kind: str) -> None:
    with pytest.raises(UpstreamFailure):
        answer.feed(data(CALLS[kind]))


def test_two_calls_in_one_place_are_an_error() -> None:
    answer = MessagesAnswer(Redaction(()))
    block = {"type": "tool_use", "id": "a", "name": "f"}
    event = data({"type": "content_block_start", "index": 0, "content_block": block})
    answer.feed(event)
    with pytest.raises(UpstreamFailure):
        answer.feed(event)


def test_counts_stay_such_that_they_can_be_added_and_written(answer: Answer, kind: str) -> None:
    answer.feed(data(COUNTED[kind]))
    assert answer.usage is not None
    assert answer.usage.total_tokens <= 4 * MAX_COUNT
    assert orjson.dumps(answer.usage.total_tokens)


def test_an_answer_without_end_is_refused(answer: Answer) -> None:
    comments = b": still here\n" * 100_000
    with pytest.raises(UpstreamFailure):
        fold(answer, *[comments] * (MAX_ANSWER_BYTES // len(comments) + 1))


def test_a_long_line_in_small_reads_takes_time_in_proportion(answer: Answer) -> None:
    begun = process_time()
    for _ in range(8 * 1024 - 1):
        answer.feed(b"x" * 1024)
    assert process_time() - begun < 2
