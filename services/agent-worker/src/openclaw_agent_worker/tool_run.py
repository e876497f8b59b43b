"""A run that calls one tool and no model: what `/tools/invoke` asks for (contract §1.5).

A tool that is not idempotent is marked as started before it is called, as in `recovery.py`.
"""

from __future__ import annotations

from typing import Final, Protocol

import orjson

from openclaw_agent_worker.recovery import OUTCOME_UNKNOWN, STARTED, Checkpoints
from openclaw_agent_worker.tools.tool import (
    InvalidArguments,
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

TOOL_ERROR: Final = "tool_error"
CHECKPOINT: Final = "invocation"


class Attempt(Checkpoints, Protocol):
    """The attempt that calls the tool; a Lease."""

    @property
    def attempt(self) -> int:
        """Counted from 1."""
        ...

    async def checkpoints(self) -> dict[str, bytes]:
        """Return what earlier attempts recorded. Raises StoreUnavailable."""
        ...


async def invoke_tool(
    box: AgentToolBox, invocation: ToolInvocation, attempt: Attempt, *, max_bytes: int
) -> str:
    """Return the JSON text of the tool's own value, of at most `max_bytes`.

    Raises GatewayError as the contract says, and LeaseLost.
    """
    if not box.is_idempotent(invocation.name):
        await _mark_started(attempt)
    text = await _result(box, invocation)
    if len(text) > max_bytes:
        raise _fault(
            f"The tool's result has {len(text)} bytes; runs.maxOutputBytes allows {max_bytes}."
        )
    return text.decode()


async def _mark_started(attempt: Attempt) -> None:
    if attempt.attempt > 1 and CHECKPOINT in await attempt.checkpoints():
        raise _fault(OUTCOME_UNKNOWN)
    await attempt.checkpoint(CHECKPOINT, STARTED)


def _fault(message: str) -> GatewayError:
    return GatewayError(ErrorBody(500, TOOL_ERROR, message))


async def _result(box: AgentToolBox, invocation: ToolInvocation) -> bytes:
    try:
        arguments = _with_action(box, invocation)
        value = await box.invoke(invocation.name, arguments, invocation.call_id)
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except ToolNotAvailable as error:
        raise GatewayError(ErrorBody(404, NOT_FOUND, str(error))) from None
    except (ToolFailed, ToolTimedOut) as error:
        raise _fault(str(error)) from None
    except InvalidArguments as error:
        message = f"invalid tool arguments: {error}"
        raise GatewayError(ErrorBody(400, TOOL_ERROR, message)) from None
    except ToolError as error:
        raise GatewayError(ErrorBody(400, TOOL_ERROR, str(error))) from None
    except (TypeError, ValueError):
        raise _fault("tool execution failed") from None


def _with_action(box: AgentToolBox, invocation: ToolInvocation) -> str:
    known = any(
        spec.name == invocation.name and "action" in (spec.parameters.get("properties") or {})
        for spec in box.specs()
    )
    if invocation.action is None or not known:
        return invocation.arguments
    arguments = {"action": invocation.action, **orjson.loads(invocation.arguments)}
    return orjson.dumps(arguments).decode()
