"""Executes the calls of one reply: at the same time, with their outcomes in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_agent_worker.agent.port import (
    AgentEvent,
    ToolBox,
    ToolCompleted,
    ToolOutcome,
    ToolStarted,
)
from openclaw_common.contracts.run import ToolCall
from openclaw_common.runtime import tracing
from openclaw_common.runtime.tracing import Kind

UNKNOWN_TOOL: Final = "other"
"""What a span says of a tool that there is not."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call and its place in the run."""

    call: ToolCall
    place: str


async def _execute(box: ToolBox, placed: PlacedCall, *, offered: bool) -> ToolOutcome:
    call = placed.call
    # Of a tool that there is not, the name is something that the model said.
    name = call.name if offered else UNKNOWN_TOOL
    values = {
        "openinference.span.kind": "TOOL",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": call.id,
        "gen_ai.tool.type": "function",
    }
    with tracing.inside(f"execute_tool {name}", Kind.INTERNAL, values) as span:
        outcome = await box.call(call, placed.place)
        if span is not None and outcome.is_error:
            span.fail("tool_error")
        if (tracer := tracing.content_of(span)) is not None and span is not None:
            span.put(
                {
                    "gen_ai.tool.call.arguments": tracer.text(call.arguments),
                    "gen_ai.tool.call.result": tracer.text(outcome.content),
                }
            )
        return outcome


async def call_tools(
    box: ToolBox, calls: Sequence[PlacedCall], outcomes: list[ToolOutcome]
) -> AsyncGenerator[AgentEvent, None]:
    """Yield when each call starts and ends, and fill `outcomes` in the order of `calls`.

    Closing the generator cancels what still runs and waits for it. Raises what the box raises.
    """
    for placed in calls:
        yield ToolStarted(placed.call)
    names = {spec.name for spec in box.specs()}
    tasks = {
        asyncio.create_task(_execute(box, placed, offered=placed.call.name in names)): placed.call
        for placed in calls
    }
    pending = set(tasks)
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                call, outcome = tasks[task], task.result()
                yield ToolCompleted(call.id, call.name, outcome.is_error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    outcomes += [task.result() for task in tasks]
