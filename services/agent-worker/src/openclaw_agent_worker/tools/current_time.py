"""`current_time`: what time it is, where the model cannot know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.runtime.clock import Clock


def current_time(clock: Clock) -> Tool:
    """Return the tool."""

    async def call(_: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        name = arguments.get("timezone") or "UTC"
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ToolError(f"Unknown time zone '{name}'; use a name like Europe/Berlin.") from None
        now = datetime.fromtimestamp(clock.wall(), UTC).astimezone(zone)
        return {
            "time": now.isoformat(timespec="seconds"),
            "weekday": now.strftime("%A"),
            "timezone": name,
        }

    return Tool(
        name="current_time",
        description="The current date and time.",
        parameters={
            "type": "object",
            "properties": {
                "timezone": {
                    "type": "string",
                    "description": "An IANA name such as Europe/Berlin; UTC if left out.",
                }
            },
            "additionalProperties": False,
        },
        call=call,
        idempotent=True,
    )
