"""What the spans of an attempt say, by OpenTelemetry's GenAI conventions (v1.41) and OpenInference.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/ and
https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
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
def _shared(agent_id: str, stream: bool, source: str) -> Shared:
    return Shared(
        {
            _KIND: "AGENT",
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.id": agent_id,
            "gen_ai.agent.name": agent_id,
            "gen_ai.request.stream": stream,
            "openclaw.source": source,
        }
    )


def invoking_agent(request: RunRequest, agent: Agent) -> tracing.within:
    """Return what to enter for being in `invoke_agent {agent}`."""
    conversation = without_tenant(request.session_key)
    values: dict[str, Value] = {
        "gen_ai.conversation.id": conversation,
        "session.id": conversation,
    }
    shared = _shared(agent.id, request.stream, request.source)
    span = tracing.child(f"invoke_agent {agent.id}", Kind.INTERNAL, values, shared)
    if (tracer := tracing.content_of(span)) is not None and span is not None:
        text = tracer.text(request.message.text)
        span.put({"input.value": text, "gen_ai.input.messages": said(tracer, "user", text)})
    return tracing.within(span)


def agent_completed(span: Span | None, completed: Completed, text: str) -> None:
    """Note how a turn ended."""
    if span is None:
        return
    usage = completed.usage
    span.put(
        {
            "gen_ai.response.finish_reasons": (completed.finish_reason,),
            "gen_ai.usage.input_tokens": usage.prompt_tokens,
            "gen_ai.usage.output_tokens": usage.completion_tokens,
            "openclaw.cost_usd": usage.cost_usd,
            "openclaw.incomplete_reason": completed.incomplete_reason,
        }
    )
    if (tracer := tracing.content_of(span)) is not None:
        span.put(
            {
                "output.value": tracer.text(text),
                "gen_ai.output.messages": said(tracer, "assistant", text),
            }
        )


def first_text(first_text_ms: int | None) -> None:
    """Note on the attempt how long its first text took, since the run was accepted."""
    span = tracing.current()
    if span is None or first_text_ms is None:
        return
    for name in ("openclaw.queue_wait_ms", "openclaw.lane_wait_ms"):
        waited_ms = span.values.get(name)
        first_text_ms += waited_ms if isinstance(waited_ms, int) else 0
    span.put({"openclaw.time_to_first_token_ms": first_text_ms})


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
