"""Real MCP servers, over stdio and HTTP, killed and started again in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from openclaw_agent_worker.tools.mcp import RETRY_S, Connection, McpServers
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.runtime.config.mcp import McpServer
from tests.harness.processes import Process, free_port, python, start
from tests.integration.agent_worker.conftest import Bench
from tests.integration.agent_worker.step_provider import Step, StepProvider

CALLER = ToolContext("run_1", "c", "main", "s")


class Server:
    """A connection, and a clock that tests can put forward."""

    def __init__(self, **settings: object) -> None:
        self.late_s = 0.0
        self.connection = Connection(
            "own", McpServer.model_validate(settings), lambda: time.monotonic() + self.late_s
        )

    async def tools(self) -> dict[str, Tool]:
        async with asyncio.timeout(20):
            return {tool.name: tool for tool in await self.connection.tools()}

    async def call(self, name: str, **arguments: object) -> ToolResult:
        async with asyncio.timeout(20):
            return await (await self.tools())[name].call(CALLER, arguments)


@pytest.fixture
async def over_stdio() -> AsyncIterator[Server]:
    server = Server(command=sys.executable, args=["-m", "mcp_server_time"])
    yield server
    await server.connection.close()


def programs() -> list[int]:
    """Pids of the MCP servers that this process has started."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii")
    pids = [int(pid) for pid in children.split()]
    return [pid for pid in pids if b"mcp_server_time" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_program_is_started_once_used_and_started_again_when_it_was_killed(
    over_stdio: Server,
) -> None:
    tools = await over_stdio.tools()
    assert tools["own__get_current_time"].idempotent
    assert tools["own__get_current_time"].parameters["required"] == ["timezone"]
    found = await over_stdio.call("own__get_current_time", timezone="UTC")
    assert found["timezone"] == "UTC"
    (first,) = programs()
    os.kill(first, signal.SIGKILL)
    found = await over_stdio.call("own__get_current_time", timezone="UTC")
    assert found["timezone"] == "UTC"
    (second,) = programs()
    assert second != first


async def test_what_the_server_says_against_a_call_is_an_error_for_the_model(
    over_stdio: Server,
) -> None:
    with pytest.raises(ToolError, match="No time zone found with key Nowhere"):
        await over_stdio.call("own__get_current_time", timezone="Nowhere")


async def test_closing_ends_the_program() -> None:
    server = Server(command=sys.executable, args=["-m", "mcp_server_time"])
    await server.tools()
    assert programs()
    await server.connection.close()
    assert programs() == []


def serve(port: int, folder: Path) -> Process:
    script = str(Path(__file__).with_name("mcp_http_server.py"))
    return start(f"mcp-{port}", python(script, str(port)), folder)


async def test_a_server_over_http_is_reached_again_after_it_was_restarted(tmp_path: Path) -> None:
    port = free_port()
    server = Server(url=f"http://127.0.0.1:{port}/mcp")
    assert await server.tools() == {}
    process = serve(port, tmp_path)
    try:
        await until_reached(server)
        assert await server.call("own__add", a=2, b=3) == 5
        add = (await server.tools())["own__add"]
        await process.end()
        with pytest.raises(ToolError, match="cannot be reached"):
            await add.call(CALLER, {"a": 2, "b": 3})
        process = serve(port, tmp_path)
        await until_reached(server)
        assert await server.call("own__add", a=20, b=3) == 23
    finally:
        await server.connection.close()
        await process.end()


async def until_reached(server: Server) -> None:
    async with asyncio.timeout(20):
        while not await server.tools():
            server.late_s += RETRY_S
            await asyncio.sleep(0.05)


async def test_a_server_that_cannot_be_started_has_no_tools_and_harms_no_other() -> None:
    servers = McpServers(
        {
            "gone": McpServer(command="/no/such/program"),
            "off": McpServer(command="/no/such/program", enabled=False),
            "own": McpServer(command=sys.executable, args=("-m", "mcp_server_time")),
        },
        time.monotonic,
    )
    async with asyncio.timeout(20):
        names = [tool.name for tool in await servers.tools()]
        await servers.close()
    assert names == ["own__get_current_time", "own__convert_time"]


@pytest.fixture
async def provider() -> AsyncIterator[StepProvider]:
    async with StepProvider() as provider:
        yield provider


@pytest.fixture
def sections(provider: StepProvider) -> dict[str, Any]:
    time_server = {"command": sys.executable, "args": ["-m", "mcp_server_time"]}
    return {
        "agents": {"defaults": {"model": "own/m"}},
        "models": {"providers": {"own": {"baseUrl": provider.base_url}}},
        "mcp": {"servers": {"time": time_server}},
        "tools": {"deny": ["time__convert_time"]},
    }


async def test_a_configured_server_is_offered_to_the_model_within_the_rules(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [
        Step("", (("time__get_current_time", '{"timezone":"UTC"}'),)),
        Step("Now you know."),
    ]
    async with asyncio.timeout(20):
        record, _ = await bench.run()
    offered = [tool["function"]["name"] for tool in provider.requests[0]["tools"]]
    assert offered == ["time__get_current_time"]
    assert '"timezone":"UTC"' in provider.results(1)[0]
    assert record.result is not None
    assert record.result.output == "Now you know."
