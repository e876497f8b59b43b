"""`sessions_send`: a message to another session, which answers in a run of its own."""

from __future__ import annotations

from typing import Any, Final

from openclaw_agent_worker.tools.services import ToolServices
from openclaw_agent_worker.tools.session_reach import visible_key
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.contracts.run import RunRequest, Turn
from openclaw_common.contracts.tenants import without_tenant

MAX_DEPTH: Final = 5
"""How many messages in a row may have caused one another."""
MAX_WAIT_S: Final = 50
SOURCE: Final = "sessions_send"


def sessions_send(services: ToolServices) -> Tool:
    """Return the tool."""

    async def call(caller: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        key = visible_key(services.config, arguments["sessionKey"], caller)
        run_id = await services.runs.start(
            _request(services, caller, key, arguments["message"]), call_id=caller.call_id
        )
        # Its own session answers only after this run has ended.
        wait_s = 0 if key == caller.session_key else arguments.get("timeoutSeconds", 0)
        if not wait_s:
            return {"runId": run_id, "sessionKey": key, "status": "accepted"}
        reply = await services.runs.output(run_id, wait_s)
        status = "timeout" if reply is None else "ok"
        return {"runId": run_id, "sessionKey": key, "status": status, "reply": reply}

    return Tool(
        name="sessions_send",
        description=(
            "Sends a message to another session. Its agent answers there; with timeoutSeconds the "
            "answer is waited for."
        ),
        parameters={
            "type": "object",
            "properties": {
                "sessionKey": {"type": "string", "minLength": 1, "maxLength": 512},
                "message": {"type": "string", "minLength": 1},
                "timeoutSeconds": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": MAX_WAIT_S,
                    "description": "How long to wait for the answer; 0 not to wait.",
                },
            },
            "required": ["sessionKey", "message"],
            "additionalProperties": False,
        },
        call=call,
        # The run queue knows the call's id: the same call is the same run.
        idempotent=True,
        timeout_s=MAX_WAIT_S + 10,
    )


def _request(services: ToolServices, caller: ToolContext, key: str, message: str) -> RunRequest:
    if caller.depth >= MAX_DEPTH:
        raise ToolError(f"More than {MAX_DEPTH} sessions in a row have sent messages; answer now.")
    agent_id = without_tenant(key).split(":")[1]
    if agent_id not in services.config.agents.entries:
        raise ToolError(f"There is no agent '{agent_id}'.")
    return RunRequest(
        agent_id=agent_id,
        session_key=key,
        source=SOURCE,
        model="openclaw",
        message=Turn("user", f"[Message from session {caller.session_key}]\n{message}"),
        ephemeral=False,
        message_channel=caller.message_channel,
        depth=caller.depth + 1,
    )
