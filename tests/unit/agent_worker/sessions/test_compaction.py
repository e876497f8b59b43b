"""What of a session is kept: whole exchanges, the newest first."""

from __future__ import annotations

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from openclaw_agent_worker.agent.compaction import (
    LEFT_OUT,
    cuts,
    fitted,
    is_summary,
    recent,
    shortened,
    summary_message,
    summary_text,
    trimmed,
    with_short_parts,
)
from openclaw_agent_worker.agent.tokens import IMAGE_TOKENS, message_tokens, messages_tokens
from openclaw_agent_worker.agent.transcript import decode_messages, encode_messages, known_turns


def user(text: str) -> ModelRequest:
    return ModelRequest(parts=[UserPromptPart(text)])


def said(text: str) -> ModelResponse:
    return ModelResponse(parts=[TextPart(text)])


def called(*ids: str) -> ModelResponse:
    return ModelResponse(parts=[ToolCallPart("look", "{}", call_id) for call_id in ids])


def told(call_id: str, text: str = "found") -> ModelRequest:
    return ModelRequest(parts=[ToolReturnPart("look", text, call_id)])


TALK: list[ModelMessage] = [
    user("one"),
    said("first"),
    user("two"),
    called("a", "b"),
    told("a"),
    user("by the way"),
    told("b"),
    said("second"),
    user("three"),
    called("c"),
]


def test_no_cut_parts_a_call_from_its_result_whatever_stands_between() -> None:
    allowed = [index for index, may in enumerate(cuts(TALK)) if may]
    assert allowed == [0, 1, 2, 3, 7, 8, 9]


def test_the_end_that_is_kept_begins_with_a_users_turn_if_one_fits() -> None:
    size = messages_tokens(TALK[3:])
    assert recent(TALK, messages_tokens(TALK)) == 0
    assert recent(TALK, size) == 8
    assert recent(TALK, messages_tokens(TALK[9:])) == 9
    assert recent(TALK, 1) == len(TALK)


def test_what_fits_is_the_summary_a_note_and_the_newest_messages() -> None:
    messages = [summary_message("Before."), *TALK]
    assert fitted(messages, messages_tokens(messages)) == messages
    kept = fitted(messages, messages_tokens(messages) - 1)
    assert is_summary(kept[0])
    assert known_turns(kept[1:2]) == [("user", LEFT_OUT)]
    assert kept[2:] == TALK[8:]
    assert messages_tokens(kept) < messages_tokens(messages)
    assert fitted(messages, 0) == []


def test_trimming_takes_whole_turns_and_leaves_the_summary() -> None:
    assert trimmed(TALK, len(TALK)) == 0
    assert trimmed(TALK, 9) == 2
    assert trimmed(TALK, 7) == 8
    assert trimmed([summary_message("Before."), *TALK], 10) == 2
    assert trimmed(TALK, 0) == len(TALK)


def test_a_summary_is_known_by_its_mark_and_never_by_its_words() -> None:
    message = summary_message("They met.")
    (again,) = decode_messages(encode_messages([message]))
    assert is_summary(again)
    assert summary_text(again) == "They met."
    assert known_turns([again]) == []
    assert not is_summary(ModelRequest(parts=message.parts))


def test_a_text_loses_its_middle_and_says_how_much() -> None:
    text = "a" * 900 + "b" * 900
    short = shortened(text, 100)
    assert short == "a" * 200 + "\n[… 1500 characters left out …]\n" + "b" * 100
    assert shortened(text, 600) is text
    assert len(shortened("漢" * 1000, 100)) < 150


def test_parts_are_shortened_and_calls_are_not() -> None:
    picture = BinaryContent(b"x", media_type="image/png")
    messages: list[ModelMessage] = [
        said("s" * 900),
        told("a", "t" * 900),
        ModelRequest(parts=[UserPromptPart(["u" * 900, picture])]),
        called("a"),
    ]
    short = list(with_short_parts(messages, 50))
    assert all(message_tokens(message) < 100 for message in (*short[:2], short[3]))
    assert IMAGE_TOKENS < message_tokens(short[2]) < IMAGE_TOKENS + 100
    assert short[3] is messages[3]
    assert [part.tool_call_id for part in short[1].parts] == ["a"]  # type: ignore[union-attr]
