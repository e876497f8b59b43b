"""Tools of MCP servers: connected when a run first wants them, once a worker, and again when lost.

Over pydantic-ai's MCPToolset, which the extra `mcp` of this distribution brings; it is imported
with the first connection. Protocol: https://modelcontextprotocol.io/specification/2025-11-25.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.runtime.config.mcp import McpServer
from openclaw_common.runtime.log_context import task_apart

if TYPE_CHECKING:
    from pydantic_ai.mcp import MCPToolset

RETRY_S: Final = 5.0
"""How long a server that could not be reached is left alone, in seconds."""
MAX_NAME_CHARS: Final = 64
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_REQUEST_FAULTS: Final = frozenset({-32700, -32601, -32602, -32603})
"""JSON-RPC errors that say something about the call and nothing about the connection."""

logger = logging.getLogger(__name__)


class McpNotInstalled(Exception):
    """Servers are configured, and what speaks to them is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "mcp.servers is set, but MCP support is not installed; install "
            "openclaw-agent-worker[mcp], or remove mcp.servers."
        )


class McpServers:
    """The configured servers of one worker. Raises McpNotInstalled when made without the extra."""

    def __init__(self, servers: Mapping[str, McpServer], monotonic: Callable[[], float]) -> None:
        self._connections = [
            Connection(name, server, monotonic)
            for name, server in servers.items()
            if server.enabled
        ]
        if self._connections and find_spec("fastmcp") is None:
            raise McpNotInstalled

    async def tools(self) -> list[Tool]:
        """Return the tools of every server that can be reached."""
        if not self._connections:
            return []
        found = await asyncio.gather(*(connection.tools() for connection in self._connections))
        return [tool for tools in found for tool in tools]

    async def close(self) -> None:
        """Disconnect; programs that were started end."""
        await asyncio.gather(*(connection.close() for connection in self._connections))


class Connection:
    """One server. A task of its own holds the connection, as anyio's scopes want it."""

    def __init__(self, name: str, server: McpServer, monotonic: Callable[[], float]) -> None:
        self._name = name
        self._server = server
        self._monotonic = monotonic
        self._connecting = asyncio.Lock()
        self._toolset: MCPToolset[Any] | None = None
        self._lost = asyncio.Event()
        self._holder: asyncio.Task[None] | None = None
        self._not_before = 0.0

    async def tools(self) -> Sequence[Tool]:
        """Return the server's tools; none while it cannot be reached."""
        toolset = await self._connected()
        if toolset is None:
            return ()
        try:
            listed = await toolset.list_tools()
        # The SDKs below raise whatever their transports do; it all means one thing here.
        except Exception as error:
            self._drop(toolset, error)
            return ()
        return [self._tool(tool) for tool in listed]

    async def close(self) -> None:
        """Disconnect and wait for it."""
        self._lost.set()
        if self._holder is not None:
            await asyncio.wait([self._holder])

    def _tool(self, listed: Any) -> Tool:
        hints = listed.annotations
        idempotent = bool(hints and (hints.read_only_hint or hints.idempotent_hint))
        return Tool(
            name=_NOT_IN_NAMES.sub("_", f"{self._name}__{listed.name}")[:MAX_NAME_CHARS],
            description=listed.description or "",
            parameters=listed.input_schema,
            call=partial(self._call, listed.name, idempotent),
            idempotent=idempotent,
        )

    async def _call(
        self, tool: str, idempotent: bool, _: ToolContext, arguments: dict[str, Any]
    ) -> ToolResult:
        for _again in range(2 if idempotent else 1):
            toolset = await self._connected()
            if toolset is None:
                break
            try:
                result = await toolset.direct_call_tool(tool, arguments)
            # See `tools`: what is no answer of the server means that the connection is gone.
            except Exception as error:
                if (answer := _answer(error)) is not None:
                    raise ToolError(answer) from None
                self._drop(toolset, error)
                if not idempotent:
                    raise ToolError(
                        f"The MCP server '{self._name}' was lost during the call; it may or may "
                        "not have taken effect."
                    ) from None
            else:
                return _plain(result)
        raise ToolError(f"The MCP server '{self._name}' cannot be reached; try again later.")

    async def _connected(self) -> MCPToolset[Any] | None:
        async with self._connecting:
            if self._toolset is None and self._monotonic() >= self._not_before:
                await self._connect()
            return self._toolset

    async def _connect(self) -> None:
        if self._holder is not None:
            await asyncio.wait([self._holder])
        ready: asyncio.Future[MCPToolset[Any]] = asyncio.get_running_loop().create_future()
        self._lost = asyncio.Event()
        self._holder = task_apart(self._hold(ready, self._lost), f"mcp-{self._name}")
        either: list[asyncio.Future[Any]] = [ready, self._holder]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            self._toolset = ready.result()
        else:
            self._not_before = self._monotonic() + RETRY_S

    async def _hold(self, ready: asyncio.Future[MCPToolset[Any]], lost: asyncio.Event) -> None:
        try:
            toolset = _toolset(self._name, self._server)
            async with toolset:
                ready.set_result(toolset)
                await lost.wait()
        # The task is the top of its own stack: a server that fails must not end the worker.
        except Exception as error:
            logger.warning(
                "mcp_server_unavailable",
                extra={"server": self._name, "error": type(error).__name__},
            )

    def _drop(self, toolset: MCPToolset[Any], error: Exception) -> None:
        if self._toolset is toolset:
            logger.warning(
                "mcp_server_lost", extra={"server": self._name, "error": type(error).__name__}
            )
            self._toolset = None
            self._lost.set()


def _toolset(name: str, server: McpServer) -> MCPToolset[Any]:
    from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
    from pydantic_ai.mcp import MCPToolset

    transport: StdioTransport | StreamableHttpTransport
    if server.command is not None:
        transport = StdioTransport(
            command=server.command,
            args=list(server.args),
            env=_revealed(server.env) or None,
            cwd=server.cwd,
            keep_alive=False,
        )
    else:
        transport = StreamableHttpTransport(server.url or "", headers=_revealed(server.headers))
    return MCPToolset(
        transport,
        id=name,
        tool_error_behavior="error",
        init_timeout=server.connection_timeout_ms / 1000,
    )


def _revealed(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: value.get_secret_value() for key, value in values.items()}


def _answer(error: Exception) -> str | None:
    """Return what the server said to a call, None where the connection failed."""
    from fastmcp.exceptions import McpError
    from fastmcp.exceptions import ToolError as ServerToolError

    if isinstance(error, ServerToolError):
        return str(error)
    if isinstance(error, McpError) and error.error.code in _REQUEST_FAULTS:
        return str(error.error.message)
    return None


def _plain(value: Any) -> ToolResult:
    """Return a result as JSON: what is no text or data becomes a word about it."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [_plain(item) for item in value]
    return f"[{getattr(value, 'media_type', type(value).__name__)}]"
