"""The tools of one run: offered to its model, and called within their limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from openclaw_agent_worker.agent.port import ToolOutcome, ToolSpec
from openclaw_agent_worker.measured import WorkerCounts
from openclaw_agent_worker.tools.arguments import parse_arguments
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run import ToolCall
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.metrics.recorder import OTHER, Metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take, in seconds, and how many bytes of its result the model reads."""

    timeout_s: float
    max_result_bytes: int


class ToolNotAvailable(ToolError):
    """There is no such tool, or this run may not use it: callers are not told which."""


class ToolTimedOut(ToolError):
    """The call took longer than its limit."""


class ToolFailed(ToolError):
    """The tool raised something that is no ToolError; what it was is logged, not shown."""


class AgentToolBox:
    """A ToolBox over `tools` by name; `caller` is completed with each call's id."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        caller: ToolContext,
        limits: CallLimits,
        counts: WorkerCounts | None = None,
    ) -> None:
        self._counts = counts or WorkerCounts(Metrics(), Config())
        self._tools = tools
        self._caller = caller
        self._limits = limits

    def specs(self) -> Sequence[ToolSpec]:
        """See ToolBox.specs."""
        return [
            ToolSpec(tool.name, tool.description, tool.parameters) for tool in self._tools.values()
        ]

    def is_idempotent(self, name: str) -> bool:
        """Whether a call of this tool may be made again; one of an unknown tool does nothing."""
        tool = self._tools.get(name)
        return tool is None or tool.idempotent

    async def call(self, call: ToolCall, place: str) -> ToolOutcome:
        """See ToolBox.call. Raises StoreUnavailable."""
        try:
            value = await self.invoke(call.name, call.arguments, f"{self._caller.run_id}:{place}")
            return ToolOutcome(self._shortened(_text(value)))
        except ToolError as error:
            return ToolOutcome(self._shortened(f"Error: {error}"), is_error=True)

    async def invoke(self, name: str, arguments: str, call_id: str) -> ToolResult:
        """Call a tool and return its own value. Raises ToolError, StoreUnavailable."""
        tool = self._tools.get(name)
        with self._counts.tool(name if tool else OTHER) as told:
            if tool is None:
                told("refused")
                raise ToolNotAvailable(f"Tool not available: {name}")
            try:
                return await self._invoke(tool, arguments, call_id)
            except ToolTimedOut:
                told("timeout")
                raise

    async def _invoke(self, tool: Tool, arguments: str, call_id: str) -> ToolResult:
        name = tool.name
        given = parse_arguments(arguments, tool.parameters)
        limit_s = tool.timeout_s or self._limits.timeout_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                return await tool.call(replace(self._caller, call_id=call_id), given)
        except TimeoutError:
            if limit.expired():
                message = f"The tool {name} did not answer within {limit_s:g} s."
                raise ToolTimedOut(message) from None
            raise self._failed(name) from None
        except (ToolError, StoreUnavailable):
            # Without Redis the run goes no further either: it is handed back, and asks again.
            raise
        # A tool is anybody's code: whatever it raises must end the call and not the run.
        except Exception:
            raise self._failed(name) from None

    def _failed(self, name: str) -> ToolFailed:
        logger.exception("tool_failed", extra={"tool": name, "run_id": self._caller.run_id})
        return ToolFailed("tool execution failed")

    def _shortened(self, text: str) -> str:
        limit = self._limits.max_result_bytes
        raw = text.encode("utf-8", "replace")
        if len(raw) <= limit:
            return raw.decode()
        kept = raw[:limit].decode("utf-8", "ignore")
        return (
            f"{kept}\n[cut: the result has {len(raw)} bytes, tools.maxResultBytes allows {limit}]"
        )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError as error:
        raise ToolFailed(f"the tool's result is no JSON value: {error}") from None
