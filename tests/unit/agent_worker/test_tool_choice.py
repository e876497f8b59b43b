"""tool_choice as a promise."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from openclaw_agent_worker.agent.port import AgentEvent, Completed, TextDelta, ToolCallPiece
from openclaw_agent_worker.agent.tool_choice import (
    ToolChoiceUnsatisfied,
    confirmed,
    promises_call,
)

PROSE = TextDelta("Let me see.")
OTHER = ToolCallPiece(0, "", "c0", "other")
CALL = ToolCallPiece(1, "", "c1", "lookup")
END = Completed("tool_calls")


class Turn:
    """Yields events and notes how far its reader came and whether it was closed."""

    def __init__(self, *events: AgentEvent) -> None:
        self._events = events
        self.given = 0
        self.closed = False

    async def run(self) -> AsyncGenerator[AgentEvent, None]:
        try:
            for event in self._events:
                self.given += 1
                yield event
        finally:
            self.closed = True


async def test_prose_is_held_back_until_the_required_call_begins() -> None:
    turn = Turn(PROSE, OTHER, END)
    events = confirmed(turn.run(), "required")
    assert await anext(events) == PROSE
    assert turn.given == 2
    assert [event async for event in events] == [OTHER, END]


async def test_a_named_choice_waits_for_the_call_of_that_name() -> None:
    turn = Turn(PROSE, OTHER, CALL, END)
    events = confirmed(turn.run(), "function:lookup")
    assert await anext(events) == PROSE
    assert turn.given == 3


async def test_closing_closes_the_source() -> None:
    turn = Turn(OTHER, END)
    events = confirmed(turn.run(), "required")
    await anext(events)
    await events.aclose()
    assert turn.closed


@pytest.mark.parametrize(
    ("choice", "promised"),
    [("auto", False), ("none", False), ("required", True), ("function:lookup", True)],
)
def test_only_a_required_or_named_call_is_a_promise(choice: str, promised: bool) -> None:
    assert promises_call(choice) is promised


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("required", "tool_choice=required was not satisfied by the agent response"),
        (
            "function:lookup",
            "tool_choice required a lookup tool call, but the agent did not produce one",
        ),
    ],
)
async def test_a_broken_promise_is_a_502_and_shows_nothing(choice: str, message: str) -> None:
    events = confirmed(Turn(PROSE, Completed("stop")).run(), choice)
    with pytest.raises(ToolChoiceUnsatisfied) as caught:
        await anext(events)
    assert (caught.value.body.status, caught.value.body.message) == (502, message)
