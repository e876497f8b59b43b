"""What the spans of an attempt say, by OpenTelemetry's GenAI conventions (v1.41) and OpenInference.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/ and
https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache, partial
from typing import Final

from openclaw_agent_worker.agent.port import Completed
from openclaw_agent_worker.agent.tool_steps import UNKNOWN_TOOL
from openclaw_common.contracts.run import RunRequest, ToolInvocation
from openclaw_common.contracts.tenants import without_tenant
from openclaw_common.runtime import tracing
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.runtime.tracing import Kind, Shared, Span
from openclaw_common.runtime.tracing_content import said
from openclaw_common.runtime.tracing_encoding import Value

_KIND: Final = "openinference.span.kind"


@lru_cache(maxsize=512)
def _alike(agent_id: str, stream: bool, source: str) -> tuple[str, Shared]:
    values: dict[str, Value] = {
        _KIND: "AGENT",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.id": agent_id,
        "gen_ai.agent.name": agent_id,
        "gen_ai.request.stream": stream,
        "openclaw.source": source,
    }
    return f"invoke_agent {agent_id}", Shared(values)


def invoking_agent(request: RunRequest, agent: Agent) -> tracing.within:
    """Return what to enter for being in `invoke_agent {agent}`."""
    above = tracing.current()
    if above is None:
        return tracing.within(None)
    name, shared = _alike(agent.id, request.stream, request.source)
    span = above.child(name, Kind.INTERNAL, shared=shared)
    span.later(partial(_conversation, request.session_key))
    if (tracer := tracing.content_of(span)) is not None:
        text = tracer.text(request.message.text)
        span.put({"input.value": text, "gen_ai.input.messages": said(tracer, "user", text)})
    return tracing.within(span)


def _conversation(session_key: str) -> Mapping[str, Value]:
    conversation = without_tenant(session_key)
    return {"gen_ai.conversation.id": conversation, "session.id": conversation}


def agent_completed(span: Span | None, completed: Completed, text: str) -> None:
    """Note how a turn ended."""
    if span is None:
        return
    span.later(partial(_ending, completed))
    if (tracer := tracing.content_of(span)) is not None:
        span.put(
            {
                "output.value": tracer.text(text),
                "gen_ai.output.messages": said(tracer, "assistant", text),
            }
        )


def _ending(completed: Completed) -> Mapping[str, Value | None]:
    usage = completed.usage
    return {
        "gen_ai.response.finish_reasons": (completed.finish_reason,),
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "openclaw.cost_usd": usage.cost_usd,
        "openclaw.incomplete_reason": completed.incomplete_reason,
    }


def first_text(first_text_ms: int | None) -> None:
    """Note on the attempt how long its first text took, since the run was accepted."""
    span = tracing.current()
    if span is not None and first_text_ms is not None:
        span.later(partial(_since_accepted, span, first_text_ms))


def _since_accepted(attempt: Span, first_text_ms: int) -> Mapping[str, Value]:
    for name in ("openclaw.queue_wait_ms", "openclaw.lane_wait_ms"):
        waited_ms = attempt.values.get(name)
        first_text_ms += waited_ms if isinstance(waited_ms, int) else 0
    return {"openclaw.time_to_first_token_ms": first_text_ms}


def invoking_tool(invocation: ToolInvocation, offered: Container[str]) -> tracing.within:
    """Return what to enter for being in the `execute_tool` of a run that calls one tool, no model.

    Of a tool that is not among those `offered`, the name is something that a client said.
    """
    name = invocation.name if invocation.name in offered else UNKNOWN_TOOL
    values = {
        _KIND: "TOOL",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": invocation.call_id,
        "gen_ai.tool.type": "function",
    }
    return tracing.inside(f"execute_tool {name}", Kind.INTERNAL, values)
