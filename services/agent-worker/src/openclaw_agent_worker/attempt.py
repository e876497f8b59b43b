"""One attempt at a run: from its lease to the settled lease.

    decode → agent → turn, with what an earlier attempt left → its events, published → finish

Every way out settles the lease, or leaves it alone because it is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import orjson

from openclaw_agent_worker.agent.port import (
    MAX_OUTPUT_BYTES,
    TIMEOUT,
    AgentEvent,
    AgentExecution,
    Compacted,
    Completed,
    ReasoningDelta,
    StepCompleted,
    TextDelta,
    ToolCallPiece,
    ToolCompleted,
    ToolStarted,
)
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.emitter import GATHER_S, Emitter, OutputLimitExceeded
from openclaw_agent_worker.ending import RunEnding, prepare_ending
from openclaw_agent_worker.live import show_run
from openclaw_agent_worker.models.errors import TIMEOUT as RUN_TIMEOUT
from openclaw_agent_worker.recovery import step_name
from openclaw_agent_worker.run_session import RunSession, open_session
from openclaw_agent_worker.spans import (
    agent_completed,
    first_text,
    invoking_agent,
    invoking_tool,
)
from openclaw_agent_worker.told import with_surroundings
from openclaw_agent_worker.tool_run import invoke_tool
from openclaw_agent_worker.turn import caller_of, prepare_turn
from openclaw_common.contracts.errors import (
    API_ERROR,
    ErrorBody,
    GatewayError,
    InvalidRequest,
    StoreUnavailable,
)
from openclaw_common.contracts.multitask import merged
from openclaw_common.contracts.replies import NO_RESPONSE
from openclaw_common.contracts.run import (
    RunRequest,
    RunResult,
    RunStatus,
    ToolInvocation,
)
from openclaw_common.contracts.run_event import (
    MESSAGE_COMPLETED,
    RUN_CANCELLED,
    RUN_COMPLETED,
    RUN_FAILED,
)
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.runtime.log_context import log_context
from openclaw_common.store.leases import Lease, LeaseLost

_logger: Final = logging.getLogger(__name__)

DEAD_LETTER_SOURCES: Final = frozenset({"hook", "cron", "channel", "api"})
"""Sources of runs that nobody waits for: one that fails for good becomes a dead letter."""
RELEASE_DELAY_S: Final = 1.0
"""How long a run waits when its transcript could not be read, in seconds."""


class RunTimedOut(GatewayError):
    """The time of the run was over before anything was said."""

    def __init__(self) -> None:
        super().__init__(ErrorBody(504, API_ERROR, RUN_TIMEOUT, "run_timeout"))


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The run completed."""

    result: RunResult


@dataclass(frozen=True, slots=True)
class Failed:
    """The run failed."""

    error: ErrorBody


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The run was cancelled."""

    reason: str


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The run waits for another attempt."""

    why: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """The lease was lost: another attempt owns the run, and nothing was settled here."""


Outcome = Succeeded | Failed | Cancelled | HandedBack | Superseded
_STATUS: Final[Mapping[type[Outcome], str]] = {
    Succeeded: "completed",
    Failed: "failed",
    Cancelled: "cancelled",
    HandedBack: "released",
    Superseded: "superseded",
}


async def execute(context: WorkerContext, lease: Lease) -> Outcome:
    """Execute the run under `lease` and settle the lease.

    Being cancelled means what the lease says: cancelled by a user, lost, or draining. Otherwise
    the cancellation is passed on. Raises SchemaNotSupported for a request of a newer ingress, which
    is not this worker's to fail.
    """
    request = RunRequest.decode(lease.payload)
    began, status = context.clock.monotonic(), "failed"
    with log_context(run_id=lease.id, session_key=request.session_key, attempt=lease.attempt):
        try:
            outcome = await _execute(context, lease, request)
            status = _STATUS[type(outcome)]
            _logger.info("attempt_ended", extra={"outcome": type(outcome).__name__.lower()})
            return outcome
        finally:
            elapsed = context.clock.monotonic() - began
            context.counts.run_ended(request.agent_id, request.source, status, elapsed)


async def _execute(context: WorkerContext, lease: Lease, request: RunRequest) -> Outcome:
    try:
        try:
            return await _settle(context, lease, request)
        except asyncio.CancelledError:
            return await _stop(lease)
    except LeaseLost:
        return Superseded()


async def _settle(context: WorkerContext, lease: Lease, request: RunRequest) -> Outcome:
    try:
        if request.holds_several:
            request = merged(request, await lease.collected())
        agent = _agent(context, request)
        if request.tool is not None:
            return await _invoke(context, lease, request, request.tool, agent)
        if request.embeddings is not None:
            return await _complete(lease, await context.embedder.embed(request.embeddings, agent))
        return await _within_time(context, lease, request, agent)
    except StoreUnavailable:
        await lease.release(RELEASE_DELAY_S)
        return HandedBack("the store was unavailable")
    except GatewayError as failure:
        return await _fail(lease, failure.body, request.source)


async def _invoke(
    context: WorkerContext,
    lease: Lease,
    request: RunRequest,
    invocation: ToolInvocation,
    agent: Agent,
) -> Outcome:
    """Call the one tool that the run is about."""
    caller = caller_of(lease, request)
    box = await context.tools.for_invocation(agent, caller, by_owner=invocation.by_owner)
    limit = context.config.runs.max_output_bytes
    with invoking_tool(invocation, {spec.name for spec in box.specs()}):
        output = await invoke_tool(box, invocation, lease, max_bytes=limit)
    return await _complete(lease, RunResult(output))


async def _complete(lease: Lease, result: RunResult) -> Outcome:
    """End a run that took no agent's turn."""
    events = [(RUN_COMPLETED, orjson.dumps({"usage": result.usage.to_wire()}))]
    await lease.finish(RunStatus.COMPLETED, events=events, result=result)
    return Succeeded(result)


async def _within_time(
    context: WorkerContext, lease: Lease, request: RunRequest, agent: Agent
) -> Outcome:
    emitter = Emitter(
        lease.publish,
        context.clock.monotonic,
        max_bytes=context.config.runs.max_output_bytes,
        gather_s=0.0 if request.stream else GATHER_S,
    )
    limit_s = request.timeout_s or agent.timeout_seconds or None
    execution: AgentExecution | None = None
    session = RunSession(lease, request)
    ending = RunEnding(context, lease.id, request, None)
    with invoking_agent(request, agent) as span:
        try:
            async with asyncio.timeout(limit_s) as limit:
                session = await open_session(context, lease, request, agent)
                request = session.request
                ending = await prepare_ending(context, lease.id, request, session.route)
                await show_run(context, lease, request, ending.destination)
                session.request = with_surroundings(request, lease.id, ending.shown, ending.history)
                turn = await prepare_turn(context, lease, session, agent)
                execution = context.runner.start(turn)
                events = execution.events()
                completed = await _relay(lease, session, events, emitter, len(turn.recorded))
        except TimeoutError:
            if not limit.expired():
                raise
            if execution is None or not emitter.started:
                raise RunTimedOut from None
            completed = execution.cut(TIMEOUT)
        except OutputLimitExceeded:
            if execution is None:
                raise
            completed = execution.cut(MAX_OUTPUT_BYTES)
        agent_completed(span, completed, emitter.text)
    first_text(emitter.first_text_ms)
    return await _succeed(lease, session, emitter, completed, ending)


async def _relay(
    lease: Lease,
    session: RunSession,
    events: AsyncGenerator[AgentEvent, None],
    emitter: Emitter,
    steps: int,
) -> Completed:
    """Publish the turn's events; `steps` of it are recorded already."""
    async with aclosing(events):
        async for event in events:
            match event:
                case TextDelta(text=text):
                    await emitter.emit_text(text)
                case ReasoningDelta(text=text):
                    await emitter.emit_reasoning(text)
                case ToolCallPiece():
                    await emitter.emit_call(event)
                case ToolStarted() | ToolCompleted():
                    await emitter.emit_tool(event)
                case StepCompleted(reply=reply):
                    steps += 1
                    await lease.checkpoint(step_name(steps), reply)
                case Compacted():
                    await session.compact(event)
                case Completed():
                    return event
    raise RuntimeError("the agent ended its turn without completing it")


async def _succeed(
    lease: Lease,
    session: RunSession,
    emitter: Emitter,
    completed: Completed,
    ending: RunEnding,
) -> Outcome:
    if not emitter.text and not completed.tool_calls:
        await emitter.emit_text(NO_RESPONSE)
    result = RunResult(
        output=emitter.text,
        finish_reason=completed.finish_reason,
        tool_calls=completed.tool_calls,
        usage=completed.usage,
        incomplete_reason=completed.incomplete_reason,
        first_text_ms=emitter.first_text_ms,
    )
    events = [
        *emitter.take(),
        (MESSAGE_COMPLETED, orjson.dumps({"finish_reason": completed.finish_reason})),
        (RUN_COMPLETED, orjson.dumps({"usage": completed.usage.to_wire()})),
    ]
    request = session.request
    write = None if ending.leaves_no_trace(result.output) else session.ending(completed)
    await lease.finish(
        RunStatus.COMPLETED,
        events=events,
        result=result,
        session_key=request.session_key if write else "",
        agent_id=request.agent_id,
        session=write,
        effects=ending.effects(result.output),
    )
    return Succeeded(result)


async def _fail(lease: Lease, error: ErrorBody, source: str) -> Outcome:
    event = (RUN_FAILED, orjson.dumps({"error": error.to_record()}))
    dead = source in DEAD_LETTER_SOURCES
    await lease.finish(RunStatus.FAILED, events=[event], error=error, dead=dead)
    return Failed(error)


async def _stop(lease: Lease) -> Outcome:
    """Settle a lease whose task was cancelled; what had not been published is dropped."""
    if lease.lost:
        return Superseded()
    if lease.cancel_reason is not None:
        event = (RUN_CANCELLED, orjson.dumps({"reason": lease.cancel_reason}))
        await lease.finish(RunStatus.CANCELLED, events=[event])
        return Cancelled(lease.cancel_reason)
    if lease.draining:
        await lease.release()
        return HandedBack("the worker is draining")
    raise asyncio.CancelledError


def _agent(context: WorkerContext, request: RunRequest) -> Agent:
    agent = context.config.agents.entries.get(request.agent_id)
    if agent is None:
        raise InvalidRequest(f"Unknown agent '{request.agent_id}'.")
    return agent
