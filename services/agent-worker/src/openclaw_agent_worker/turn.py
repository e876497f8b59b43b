"""What an attempt gives the agent: its turn, with whatever an earlier attempt left."""

from __future__ import annotations

from openclaw_agent_worker.agent.port import AgentTurn, RunLimits, ToolBox
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.context_limits import context_limits
from openclaw_agent_worker.instructions import instructions_of
from openclaw_agent_worker.recovery import RecordedToolBox, Recovered
from openclaw_agent_worker.run_session import RunSession
from openclaw_agent_worker.tools.tool import ToolContext
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.contracts.replies import HEARTBEAT
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.store.leases import Lease

EVENTS_AT_ONCE = 1_000_000
"""More events than a run of any allowed size has."""


async def prepare_turn(
    context: WorkerContext, lease: Lease, session: RunSession, agent: Agent
) -> AgentTurn:
    """Return the turn of this attempt. Raises GatewayError, StoreUnavailable."""
    request = await context.media.loaded(session.request, lease.id)
    config, model = context.config, model_of(request, agent)
    recovered = await _recovered(context, lease, model)
    caller = caller_of(lease, request)
    boxes: dict[str, ToolBox | None] = {}
    for reference in (model, *agent.model.fallbacks):
        box = await context.tools.for_model(agent, reference, caller)
        boxes[reference] = RecordedToolBox(box, lease, recovered.tools) if box else None
    return AgentTurn(
        request=request,
        model=model,
        instructions=await instructions_of(
            agent, request.system, heartbeat=request.source == HEARTBEAT
        ),
        transcript=session.transcript,
        idle_timeout_s=agent.model_idle_timeout_seconds,
        idempotency_key=f"{lease.id}:{lease.attempt}",
        tools=boxes[model],
        limits=RunLimits(config.runs.max_steps, config.runs.max_tool_calls, config.runs.max_tokens),
        recorded=recovered.replies,
        published=recovered.published,
        fallbacks=agent.model.fallbacks,
        context=context_limits(config, agent, model, request),
        compact=session.focus,
        fallback_tools=boxes,
    )


def caller_of(lease: Lease, request: RunRequest) -> ToolContext:
    """Return who calls tools in this run."""
    return ToolContext(
        run_id=lease.id,
        call_id="",
        agent_id=request.agent_id,
        session_key=request.tool.session_key if request.tool else request.session_key,
        message_channel=request.message_channel,
        depth=request.depth,
    )


def model_of(request: RunRequest, agent: Agent) -> str:
    """Return the `provider/model` that answers. Raises GatewayError where there is none."""
    reference = request.model_override or agent.model.primary
    if reference is None:
        message = (
            f"Agent '{agent.id}' has no model; set agents.entries.{agent.id}.model or "
            'agents.defaults.model to "provider/model".'
        )
        raise GatewayError(ErrorBody(500, API_ERROR, message, "model_not_configured"))
    return reference


async def _recovered(context: WorkerContext, lease: Lease, model: str) -> Recovered:
    if lease.attempt == 1:
        return Recovered()
    checkpoints = await lease.checkpoints()
    if not continues_turns(context.config, model):
        return Recovered.read(checkpoints)
    events = await context.streams.read(lease.id, limit=EVENTS_AT_ONCE)
    return Recovered.read(checkpoints, events)


def continues_turns(config: Config, model: str) -> bool:
    """Whether `provider/model` is configured to go on with an answer that it has begun."""
    name, _, model_id = model.partition("/")
    provider = config.models.providers.get(name)
    return (
        provider is not None
        and provider.api == "openai-completions"
        and any(
            entry.id == model_id and entry.compat.continues_assistant_turn
            for entry in provider.models
        )
    )
