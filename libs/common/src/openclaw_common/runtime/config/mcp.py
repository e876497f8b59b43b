"""`mcp`: servers of the Model Context Protocol whose tools agents may use."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, Positive, Section, Words


class McpServer(Section):
    """One server: a program of this host (`command`), or an address (`url`)."""

    accepted_keys = openclaw_keys.MCP_SERVER

    enabled: Flag = True
    command: str | None = None
    """The program; it speaks over its standard input and output."""
    args: Words = ()
    env: dict[str, SecretStr] = Field(default_factory=dict, repr=False)
    """Its variables, beside a few harmless ones of the worker."""
    cwd: str | None = None
    """The folder it runs in."""
    url: str | None = None
    """Where it is served over streamable HTTP."""
    headers: dict[str, SecretStr] = Field(default_factory=dict, repr=False)
    connection_timeout_ms: Positive = 10_000
    """How long connecting may take, in milliseconds."""

    @model_validator(mode="after")
    def _one_way(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise PydanticCustomError("mcp_server", "expected either a command or a url")
        return self


class Mcp(Section):
    """All servers."""

    accepted_keys = openclaw_keys.MCP

    servers: dict[str, McpServer] = Field(default_factory=dict)
    """By name; a server's tools are called `<name>__<tool>`."""
