"""All tools of a worker, and which of them one run may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from openclaw_agent_worker.measured import WorkerCounts
from openclaw_agent_worker.tools.policy import Policy, matches
from openclaw_agent_worker.tools.tool import Tool, ToolContext
from openclaw_agent_worker.tools.toolbox import AgentToolBox, CallLimits
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.runtime.metrics.recorder import Metrics

DENIED_OVER_HTTP: Final = (
    "exec",
    "spawn",
    "shell",
    "fs_write",
    "fs_delete",
    "fs_move",
    "apply_patch",
    "sessions_spawn",
    "sessions_send",
    "cron",
    "gateway",
    "nodes",
)
"""What `/tools/invoke` does not call unless `gateway.tools.allow` names it (contract §1.5)."""


class RemoteTools(Protocol):
    """Tools that come and go with the servers that have them."""

    async def tools(self) -> Sequence[Tool]:
        """Return those that can be called now."""
        ...


class ToolCatalog:
    """The tools by name, and the rules of the configuration."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        config: Config,
        servers: RemoteTools | None = None,
        counts: WorkerCounts | None = None,
    ) -> None:
        self._tools = tools
        self._config = config
        self._servers = servers
        self._counts = counts or WorkerCounts(Metrics(), config)
        self._limits = CallLimits(config.tools.timeout_seconds, config.tools.max_result_bytes)

    async def for_model(self, agent: Agent, model: str, caller: ToolContext) -> AgentToolBox | None:
        """Return what `model` is offered; None where nothing is, as without any configuration.

        A configured MCP server is asked for by being there, so its tools are offered even where
        nothing says which of ours shall be.
        """
        policy = Policy(self._config.tools, agent.tools, model)
        if not policy.configured and self._servers is None:
            return None
        tools = await self._remote()
        if policy.configured:
            tools = {**tools, **self._tools}
        permitted = policy.permitted(tools)
        return self._box(permitted, tools, caller) if permitted else None

    async def for_invocation(
        self, agent: Agent, caller: ToolContext, *, by_owner: bool
    ) -> AgentToolBox:
        """Return what `/tools/invoke` may call; without any configuration all but the deny list.

        Only for the owner does `gateway.tools.allow` take something off that list.
        """
        policy = Policy(self._config.tools, agent.tools, agent.model.primary or "")
        rules = self._config.gateway.tools
        lifted = rules.allow if by_owner else ()
        denied = [name for name in DENIED_OVER_HTTP if not matches(name, lifted)]
        tools = {**await self._remote(), **self._tools}
        permitted = policy.permitted(tools)
        return self._box(
            (name for name in permitted if not matches(name, (*denied, *rules.deny))),
            tools,
            caller,
        )

    async def _remote(self) -> dict[str, Tool]:
        if self._servers is None:
            return {}
        return {tool.name: tool for tool in await self._servers.tools()}

    def _box(
        self, names: Iterable[str], tools: Mapping[str, Tool], caller: ToolContext
    ) -> AgentToolBox:
        offered = {name: tools[name] for name in names}
        return AgentToolBox(offered, caller, self._limits, self._counts)
