"""`tool_choice` as a promise to the client: required calls are made, or the run fails.

Until a required call is certain nothing is shown, because a chat completion cannot be taken back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, TypeVar

from openclaw_agent_worker.agent.port import ToolCallPiece
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError

T = TypeVar("T")

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


def promises_call(tool_choice: str) -> bool:
    """Whether the client was promised a call of one of its tools."""
    return tool_choice == REQUIRED or tool_choice.startswith(NAMED)


async def confirmed(events: AsyncGenerator[T, None], tool_choice: str) -> AsyncGenerator[T, None]:
    """Pass a reply's events on, holding them back until the call that is required has begun.

    Raises ToolChoiceUnsatisfied when they end without it.
    """
    held: list[T] | None = []
    async with aclosing(events):
        async for event in events:
            if held is not None and _satisfies(event, tool_choice):
                for earlier in held:
                    yield earlier
                held = None
            if held is None:
                yield event
            else:
                held.append(event)
    if held is not None:
        raise ToolChoiceUnsatisfied(tool_choice)


def _satisfies(event: object, tool_choice: str) -> bool:
    if not isinstance(event, ToolCallPiece) or event.name is None:
        return False
    return tool_choice == REQUIRED or event.name == tool_choice.removeprefix(NAMED)
