"""The transcript's form, and making it fit for a provider."""

from __future__ import annotations

import logging

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from openclaw_agent_worker.agent.transcript import (
    decode_messages,
    encode_messages,
    known_turns,
    paired,
    turn_message,
)
from openclaw_common.contracts.replies import NO_RESPONSE
from openclaw_common.contracts.run import Image, ToolCall, Turn

ASKED = ModelRequest(parts=[UserPromptPart("weather?")])
CALLED = ModelResponse(parts=[TextPart("Looking."), ToolCallPart("look", '{"q":1}', "c1")])
TOLD = ModelRequest(parts=[ToolReturnPart("look", "sunny", "c1")])
SAID = ModelResponse(parts=[TextPart("Sunny.")])


def contents(messages: list[ModelMessage]) -> list[list[str]]:
    return [
        [f"{part.part_kind}:{getattr(part, 'content', '')}" for part in m.parts] for m in messages
    ]


def test_messages_survive_being_written_and_read() -> None:
    raw = encode_messages([ASKED, CALLED, TOLD, SAID])
    assert decode_messages(raw) == [ASKED, CALLED, TOLD, SAID]


def test_an_unreadable_message_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    raw = [*encode_messages([ASKED]), b'{"kind":"from the future"}', b"not json"]
    with caplog.at_level(logging.WARNING):
        assert decode_messages(raw) == [ASKED]
    assert [record.message for record in caplog.records] == ["transcript_message_unreadable"] * 2


def test_a_clients_turns_become_messages_that_are_known_as_those_turns() -> None:
    turns = [
        Turn("user", "a"),
        Turn("assistant", "b", tool_calls=(ToolCall("c1", "look", "{}"),)),
        Turn("tool", "d", tool_call_id="c1"),
        Turn("assistant", "e"),
    ]
    messages = [turn_message(turn) for turn in turns]
    assert known_turns(messages) == [(turn.role, turn.text) for turn in turns]


def test_an_empty_reply_is_known_as_what_the_client_was_shown() -> None:
    assert known_turns([ModelResponse(parts=[])]) == [("assistant", NO_RESPONSE)]


def test_an_image_leaves_a_placeholder_that_is_no_part_of_the_users_text() -> None:
    message = turn_message(Turn("user", "look"), [Image("image/png", data="aGk=")])
    assert b"aGk=" not in encode_messages([message])[0]
    assert b"[image: image/png]" in encode_messages([message])[0]
    assert known_turns([message]) == [("user", "look")]


def test_answered_calls_stay_calls() -> None:
    messages: list[ModelMessage] = [ASKED, CALLED, TOLD, SAID]
    assert paired(messages) == messages


def test_an_unanswered_call_and_an_orphaned_result_become_text() -> None:
    assert contents(paired([CALLED, SAID, TOLD])) == [
        ['text:Looking.\ntool_call id=c1 name=look arguments={"q":1}'],
        ["text:Sunny."],
        ["user-prompt:Tool:c1: sunny"],
    ]


def test_calls_of_which_only_some_are_answered_all_become_text() -> None:
    both = ModelResponse(parts=[*CALLED.parts, ToolCallPart("look", "{}", "c2")])
    assert [kinds[0].partition(":")[0] for kinds in contents(paired([both, TOLD]))] == [
        "text",
        "user-prompt",
    ]


def test_results_in_several_messages_answer_the_calls_before_them() -> None:
    both = ModelResponse(parts=[*CALLED.parts, ToolCallPart("look", "{}", "c2")])
    other = ModelRequest(parts=[ToolReturnPart("look", "rain", "c2")])
    assert paired([both, TOLD, other]) == [both, TOLD, other]
