"""Tools that write down each call, for tests that start workers with `tools.modules`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openclaw_agent_worker.tools.services import ToolServices
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.contracts.errors import StoreUnavailable

PARAMETERS = {
    "type": "object",
    "properties": {"file": {"type": "string"}, "hang": {"type": "boolean"}},
    "required": ["file"],
    "additionalProperties": False,
}


async def note(context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
    """Append a line to a file; with `hang`, never return while there is one line."""
    path = Path(arguments["file"])
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{context.call_id}\n")
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if arguments.get("hang") and lines == 1:
        await asyncio.Event().wait()
    return {"lines": lines}


async def fail(_: ToolContext, arguments: dict[str, Any]) -> ToolResult:
    """Fail with the model's fault, or with the tool's."""
    if "file" in arguments and arguments["file"] == "missing":
        raise ToolError("There is no such file; ask for another.")
    raise ValueError("secret detail")


async def absent(context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
    """Find Redis away the first time."""
    noted = await note(context, arguments)
    if noted == {"lines": 1}:
        raise StoreUnavailable
    return noted


async def flood(_: ToolContext, arguments: dict[str, Any]) -> ToolResult:
    """Return too much."""
    return "x" * 10_000


async def sleep(_: ToolContext, arguments: dict[str, Any]) -> ToolResult:
    """Never return."""
    await asyncio.Event().wait()


def tools(_: ToolServices) -> Iterable[Tool]:
    """Return all of them."""
    return (
        Tool("pay", "Pays once.", note, idempotent=False, parameters=PARAMETERS),
        Tool("look", "Looks as often as you like.", note, idempotent=True, parameters=PARAMETERS),
        Tool("fail", "Fails.", fail, idempotent=True, parameters=PARAMETERS),
        Tool("absent", "Misses.", absent, idempotent=True, parameters=PARAMETERS),
        Tool("flood", "Floods.", flood, idempotent=True),
        Tool("sleep", "Sleeps.", sleep, idempotent=True, timeout_s=0.05),
    )
