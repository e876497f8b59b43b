"""Calling a tool: whatever it gives or raises is a result that the model can read."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_agent_worker.agent.port import ToolOutcome
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError
from openclaw_agent_worker.tools.toolbox import AgentToolBox, CallLimits
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run import ToolCall

MAX_BYTES = 1000


async def called(value: Any) -> ToolOutcome:
    async def call(_: ToolContext, __: dict[str, Any]) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    caller = ToolContext(run_id="run", call_id="", agent_id="main", session_key="s")
    box = AgentToolBox({"t": Tool("t", "", call, True)}, caller, CallLimits(5, MAX_BYTES))
    return await box.call(ToolCall("c", "t", "{}"), "1.1")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [object(), {"a": object()}, {"a": "\ud800"}, nested(2000)])
async def test_what_is_no_json_ends_the_call_and_not_the_run(value: Any) -> None:
    outcome = await called(value)
    assert outcome.is_error
    assert outcome.content.startswith("Error: the tool's result is no JSON value")


@pytest.mark.parametrize("char", ["a", "é", "€", "😀", "👩\u200d🚀"])
async def test_a_result_is_cut_between_characters(char: str) -> None:
    text = char * (MAX_BYTES + 1)
    outcome = await called(text)
    kept, note = outcome.content.split("\n")
    assert text.startswith(kept)
    assert MAX_BYTES - 4 < len(kept.encode()) <= MAX_BYTES
    assert note.startswith("[cut: the result has")


async def test_redis_being_away_is_no_result() -> None:
    with pytest.raises(StoreUnavailable):
        await called(StoreUnavailable())


async def test_an_error_is_cut_like_a_result() -> None:
    outcome = await called(ToolError("x" * 10 * MAX_BYTES))
    assert outcome.is_error
    assert len(outcome.content) < 2 * MAX_BYTES
    assert outcome.content.startswith("Error: xxx")
