"""Executes the calls of one reply: at the same time, with their outcomes in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from openclaw_agent_worker.agent.port import (
    AgentEvent,
    ToolBox,
    ToolCompleted,
    ToolOutcome,
    ToolStarted,
)
from openclaw_common.contracts.run import ToolCall


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call and its place in the run."""

    call: ToolCall
    place: str


async def call_tools(
    box: ToolBox, calls: Sequence[PlacedCall], outcomes: list[ToolOutcome]
) -> AsyncGenerator[AgentEvent, None]:
    """Yield when each call starts and ends, and fill `outcomes` in the order of `calls`.

    Closing the generator cancels what still runs and waits for it. Raises what the box raises.
    """
    for placed in calls:
        yield ToolStarted(placed.call)
    tasks = {
        asyncio.create_task(box.call(placed.call, placed.place)): placed.call for placed in calls
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
