"""Commands that begin a new conversation."""

from __future__ import annotations

import pytest

from openclaw_agent_worker.agent.session_commands import ResetCommand, reset_command, since_reset
from openclaw_common.contracts.run import Turn

TRIGGERS = ("/new", "/Reset")


def find_model(word: str) -> str | None:
    return {"mini": "openai/mini"}.get(word)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", None),
        ("", None),
        ("say /new", None),
        ("/newest", None),
        ("/new", ResetCommand("")),
        (" /RESET\n", ResetCommand("")),
        ("/new mini", ResetCommand("", "openai/mini")),
        ("/new mini  What now? ", ResetCommand("What now?", "openai/mini")),
        ("/new What\nmini?", ResetCommand("What\nmini?")),
        ("/reset\nmini\nhello", ResetCommand("hello", "openai/mini")),
    ],
)
def test_a_command_stands_first_and_may_bring_a_model_and_a_message(
    text: str, expected: ResetCommand | None
) -> None:
    assert reset_command(Turn("user", text), TRIGGERS, find_model) == expected


def test_only_a_users_turn_is_a_command() -> None:
    assert reset_command(Turn("tool", "/new"), TRIGGERS, find_model) is None
    assert reset_command(Turn("user", "/new"), (), find_model) is None


def test_history_begins_with_the_last_command() -> None:
    old, reply, new = Turn("user", "old"), Turn("assistant", "Hi."), Turn("user", "new")
    bare = (old, Turn("user", "/new"), old, Turn("user", "/new"), reply, new)
    assert since_reset(bare, TRIGGERS) == [reply, new]
    spoken = (old, Turn("user", "/reset first words"), reply)
    assert since_reset(spoken, TRIGGERS) == [Turn("user", "first words"), reply]
    assert since_reset((old, reply), TRIGGERS) == (old, reply)
