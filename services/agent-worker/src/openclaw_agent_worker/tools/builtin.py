"""The built-in tools."""

from __future__ import annotations

from collections.abc import Iterator

from openclaw_agent_worker.tools.current_time import current_time
from openclaw_agent_worker.tools.services import ToolServices
from openclaw_agent_worker.tools.sessions import session_tools
from openclaw_agent_worker.tools.sessions_send import sessions_send
from openclaw_agent_worker.tools.tool import Tool


def builtin_tools(services: ToolServices) -> Iterator[Tool]:
    """Yield every built-in tool."""
    yield current_time(services.clock)
    yield from session_tools(services)
    yield sessions_send(services)
