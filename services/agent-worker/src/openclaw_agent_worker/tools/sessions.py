"""`session_status`, `sessions_list`, `sessions_history`: looking at sessions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from openclaw_agent_worker.agent.transcript import decode_messages, known_turns
from openclaw_agent_worker.tools.services import SessionSummary, ToolServices
from openclaw_agent_worker.tools.session_reach import visible_key, visible_prefix
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult

MAX_LISTED: Final = 100
MAX_HISTORY: Final = 200

_SESSION_KEY: Final = {
    "type": "string",
    "description": "The session's key; the own session if left out.",
}


def session_tools(services: ToolServices) -> Iterable[Tool]:
    """Return the tools that read sessions."""
    return (_status(services), _list(services), _history(services))


def _status(services: ToolServices) -> Tool:
    async def call(caller: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        key = visible_key(services.config, arguments.get("sessionKey"), caller)
        found = await services.sessions.find(key)
        agent = services.config.agents.entries.get(caller.agent_id)
        status: dict[str, Any] = {
            "sessionKey": key,
            "agentId": caller.agent_id,
            "model": agent.model.primary if agent else None,
            "channel": caller.message_channel,
            "runId": caller.run_id,
        }
        return {**status, **(_shown(found) if found else {"messages": 0})}

    return Tool(
        name="session_status",
        description="Which session, agent and model this is, and how long the session is.",
        parameters=_object(sessionKey=_SESSION_KEY),
        call=call,
        idempotent=True,
    )


def _list(services: ToolServices) -> Tool:
    async def call(caller: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        prefix = visible_prefix(services.config, caller)
        if prefix == caller.session_key:
            own = await services.sessions.find(prefix)
            found = [own] if own else []
        else:
            found = list(await services.sessions.newest(prefix, arguments.get("limit", 20)))
        return {"count": len(found), "sessions": [_shown(session) for session in found]}

    return Tool(
        name="sessions_list",
        description="The sessions that are visible from here, the last used first.",
        parameters=_object(
            limit={"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": 20}
        ),
        call=call,
        idempotent=True,
    )


def _history(services: ToolServices) -> Tool:
    async def call(caller: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        key = visible_key(services.config, arguments.get("sessionKey"), caller)
        raw = await services.sessions.transcript(key)
        if not raw and key != caller.session_key:
            raise ToolError(f"There is no session '{key}', or nothing was said in it.")
        turns = known_turns(decode_messages(raw))[-arguments.get("limit", 50) :]
        return {
            "sessionKey": key,
            "messages": [{"role": role, "text": text} for role, text in turns],
        }

    return Tool(
        name="sessions_history",
        description="The last messages of a session, oldest first.",
        parameters=_object(
            sessionKey=_SESSION_KEY,
            limit={"type": "integer", "minimum": 1, "maximum": MAX_HISTORY, "default": 50},
        ),
        call=call,
        idempotent=True,
    )


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _shown(session: SessionSummary) -> dict[str, Any]:
    return {
        "sessionKey": session.key,
        "agentId": session.agent_id,
        "createdAt": _time(session.created_ms),
        "updatedAt": _time(session.updated_ms),
        "messages": session.messages,
    }


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
