"""An MCP server over streamable HTTP, with the official SDK: `python … <port>`."""

from __future__ import annotations

import sys

from mcp.server import MCPServer
from mcp_types import ToolAnnotations

SERVER = MCPServer("numbers")


@SERVER.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


if __name__ == "__main__":
    SERVER.run(transport="streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
