"""The built-in tools."""

from __future__ import annotations

from collections.abc import Iterator

from openclaw_agent_worker.tools.current_time import current_time
from openclaw_agent_worker.tools.message import message
from openclaw_agent_worker.tools.services import ToolServices
from openclaw_agent_worker.tools.sessions import session_tools
from openclaw_agent_worker.tools.sessions_send import sessions_send
from openclaw_agent_worker.tools.tool import Tool
from openclaw_agent_worker.tools.weather import weather
from openclaw_agent_worker.tools.web_fetch import web_fetch


def builtin_tools(services: ToolServices) -> Iterator[Tool]:
    """Yield every built-in tool."""
    yield current_time(services.clock)
    yield from session_tools(services)
    yield sessions_send(services)
    yield message(services)
    tools = services.config.tools
    if tools.web.fetch.enabled:
        yield web_fetch(services.egress, tools.web.fetch, tools.max_result_bytes)
    if tools.weather.enabled:
        yield weather(services.http, tools.weather)
