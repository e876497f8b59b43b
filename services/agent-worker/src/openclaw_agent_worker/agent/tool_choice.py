"""`tool_choice` as a promise to the client: required calls are made, or the run fails.

Until a required call is certain nothing is shown, because a chat completion cannot be taken back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from openclaw_agent_worker.agent.port import AgentEvent, Completed, ToolCallPiece
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError

REQUIRED: Final = "required"
NAMED: Final = "function:"


class ToolChoiceUnsatisfied(GatewayError):
    """The model did not make the call that `tool_choice` requires."""

    def __init__(self, tool_choice: str) -> None:
        message = "tool_choice=required was not satisfied by the agent response"
        if tool_choice.startswith(NAMED):
            name = tool_choice.removeprefix(NAMED)
            message = f"tool_choice required a {name} tool call, but the agent did not produce one"
        super().__init__(ErrorBody(502, API_ERROR, message))


async def confirmed(
    events: AsyncGenerator[AgentEvent, None], tool_choice: str
) -> AsyncGenerator[AgentEvent, None]:
    """Pass a turn's events on, holding them back until the call that is required has begun.

    Raises ToolChoiceUnsatisfied in place of Completed when the call was not made.
    """
    waiting = tool_choice == REQUIRED or tool_choice.startswith(NAMED)
    held: list[AgentEvent] = []
    async with aclosing(events):
        async for event in events:
            if waiting and _satisfies(event, tool_choice):
                waiting = False
                for earlier in held:
                    yield earlier
            if not waiting:
                yield event
            elif isinstance(event, Completed):
                raise ToolChoiceUnsatisfied(tool_choice)
            else:
                held.append(event)


def _satisfies(event: AgentEvent, tool_choice: str) -> bool:
    if not isinstance(event, ToolCallPiece) or event.name is None:
        return False
    return tool_choice == REQUIRED or event.name == tool_choice.removeprefix(NAMED)
