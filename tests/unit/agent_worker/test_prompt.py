"""The rendered prompt of contract §1.1."""

from __future__ import annotations

from openclaw_agent_worker.agent.prompt import UnknownTurns, render_prompt, unknown_turns
from openclaw_common.contracts.run import ToolCall, Turn

CALL = ToolCall("call_1", "lookup", '{"q":"x"}')


def test_a_message_without_earlier_turns_is_just_its_text() -> None:
    assert render_prompt(Turn("user", "Hello\nthere"), []) == "Hello\nthere"


def test_earlier_turns_stand_before_the_current_message() -> None:
    context = [
        Turn("user", "Hi"),
        Turn("assistant", "One moment.", tool_calls=(CALL,)),
        Turn("tool", "42", tool_call_id="call_1"),
        Turn("assistant", "", tool_calls=(CALL, CALL)),
    ]
    assert render_prompt(Turn("user", "And now?"), context) == (
        "[Chat messages since your last reply - for context]\n"
        "User: Hi\n"
        "Assistant: One moment.\n"
        'tool_call id=call_1 name=lookup arguments={"q":"x"}\n'
        "Tool:call_1: 42\n"
        'Assistant: tool_call id=call_1 name=lookup arguments={"q":"x"}\n'
        'tool_call id=call_1 name=lookup arguments={"q":"x"}\n'
        "\n"
        "[Current message - respond to this]\n"
        "User: And now?"
    )


def test_a_tool_result_is_rendered_even_without_earlier_turns() -> None:
    assert render_prompt(Turn("tool", "42", tool_call_id="call_1"), []) == (
        "[Chat messages since your last reply - for context]\n"
        "\n"
        "[Current message - respond to this]\n"
        "Tool:call_1: 42"
    )


def test_turns_that_the_transcript_holds_are_left_out_once_each() -> None:
    history = [Turn("user", "a"), Turn("assistant", "b"), Turn("user", "a "), Turn("user", "c")]
    known = [("user", "a"), ("assistant", "b"), ("assistant", "c")]
    assert unknown_turns(history, known).missing == (Turn("user", "a "), Turn("user", "c"))


def test_turns_from_before_the_transcript_begins_are_told_apart() -> None:
    history = [Turn("user", "trimmed"), Turn("user", "a"), Turn("user", "failed")]
    assert unknown_turns(history, [("user", "a")]) == UnknownTurns(
        earlier=(Turn("user", "trimmed"),), missing=(Turn("user", "failed"),)
    )


def test_all_of_a_history_is_missing_from_an_empty_transcript() -> None:
    history = (Turn("user", "a"), Turn("assistant", "b"))
    assert unknown_turns(history, []) == UnknownTurns(earlier=(), missing=history)
