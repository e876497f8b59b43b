"""A run that calls one tool and no model: what `/tools/invoke` asks for (contract §1.5)."""

from __future__ import annotations

from typing import Final

import orjson

from openclaw_agent_worker.tools.catalog import ToolCatalog
from openclaw_agent_worker.tools.tool import (
    InvalidArguments,
    ToolContext,
    ToolError,
)
from openclaw_agent_worker.tools.toolbox import (
    AgentToolBox,
    ToolFailed,
    ToolNotAvailable,
    ToolTimedOut,
)
from openclaw_common.contracts.errors import NOT_FOUND, ErrorBody, GatewayError
from openclaw_common.contracts.run import ToolInvocation
from openclaw_common.runtime.config.agents import Agent

TOOL_ERROR: Final = "tool_error"


async def invoke_tool(
    catalog: ToolCatalog, invocation: ToolInvocation, caller: ToolContext, agent: Agent
) -> str:
    """Return the JSON text of the tool's own value. Raises GatewayError as the contract says."""
    box = await catalog.for_invocation(agent, caller, by_owner=invocation.by_owner)
    try:
        arguments = _with_action(box, invocation)
        value = await box.invoke(invocation.name, arguments, invocation.call_id)
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except ToolNotAvailable as error:
        raise GatewayError(ErrorBody(404, NOT_FOUND, str(error))) from None
    except (ToolFailed, ToolTimedOut) as error:
        raise GatewayError(ErrorBody(500, TOOL_ERROR, str(error))) from None
    except InvalidArguments as error:
        message = f"invalid tool arguments: {error}"
        raise GatewayError(ErrorBody(400, TOOL_ERROR, message)) from None
    except ToolError as error:
        raise GatewayError(ErrorBody(400, TOOL_ERROR, str(error))) from None
    except (TypeError, ValueError):
        raise GatewayError(ErrorBody(500, TOOL_ERROR, "tool execution failed")) from None


def _with_action(box: AgentToolBox, invocation: ToolInvocation) -> str:
    known = any(
        spec.name == invocation.name and "action" in (spec.parameters.get("properties") or {})
        for spec in box.specs()
    )
    if invocation.action is None or not known:
        return invocation.arguments
    arguments = {"action": invocation.action, **orjson.loads(invocation.arguments)}
    return orjson.dumps(arguments).decode()
