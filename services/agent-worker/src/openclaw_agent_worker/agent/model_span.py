"""The `chat {model}` span of one model request; what its attributes are called is OpenTelemetry's.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (v1.41).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    UserPromptPart,
)

from openclaw_common.runtime import tracing
from openclaw_common.runtime.tracing import Kind, Shared, Span
from openclaw_common.runtime.tracing_content import said
from openclaw_common.runtime.tracing_encoding import Value

_PROVIDERS: Final = {"google": "gcp.gemini", "azure": "azure.ai.openai"}
"""Names of the conventions that differ from what the providers are called in configurations."""


def provider_name(provider: str) -> str:
    """Return what the conventions call a provider of the configuration."""
    return _PROVIDERS.get(provider, provider)


@lru_cache(maxsize=512)
def _asking(reference: str) -> tuple[str, Shared]:
    provider, _, model = reference.partition("/")
    values: dict[str, Value] = {
        "openinference.span.kind": "LLM",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_name(provider),
        "gen_ai.request.model": model,
        "gen_ai.request.stream": True,
    }
    return f"chat {model}", Shared(values)


class ModelSpan:
    """One request to `provider/model`, below the current span; nothing where nothing is traced."""

    def __init__(self, reference: str, messages: Sequence[ModelMessage]) -> None:
        above = tracing.current()
        self._span: Span | None = None
        self._first_ns = 0
        self._reply: ModelResponse | None = None
        if above is None:
            return
        name, shared = _asking(reference)
        self._span = span = above.child(name, Kind.CLIENT, shared=shared)
        if (tracer := tracing.content_of(span)) is not None:
            span.put({"gen_ai.input.messages": said(tracer, "user", _asked(messages))})

    def first_chunk(self) -> None:
        """Something of the reply has come."""
        if self._span is not None:
            self._first_ns = time.time_ns()

    def replied(self, reply: ModelResponse) -> None:
        """The reply is whole."""
        span = self._span
        if span is None:
            return
        self._reply = reply
        if (tracer := tracing.content_of(span)) is not None:
            text = "".join(part.content for part in reply.parts if isinstance(part, TextPart))
            span.put({"gen_ai.output.messages": said(tracer, "assistant", text)})

    def failed(self, error: BaseException) -> None:
        """The request failed."""
        if self._span is not None:
            self._span.fail(tracing.error_type(error))

    def end(self) -> None:
        """No more is awaited of it."""
        if self._span is not None and not self._span.ended:
            self._span.later(partial(_said_of, self._span.start_ns, self._first_ns, self._reply))
            self._span.end()


def _said_of(
    start_ns: int, first_ns: int, reply: ModelResponse | None
) -> Mapping[str, Value | None]:
    values: dict[str, Value | None] = {}
    if first_ns:
        values["gen_ai.response.time_to_first_chunk"] = round((first_ns - start_ns) / 1e9, 6)
    if reply is None:
        return values
    usage = reply.usage
    return values | {
        "gen_ai.response.model": reply.model_name,
        "gen_ai.response.id": reply.provider_response_id,
        "gen_ai.response.finish_reasons": (reply.finish_reason or "stop",),
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": usage.details.get("reasoning_tokens"),
    }


def _asked(messages: Sequence[ModelMessage]) -> str:
    """Return the text of the last message of a user."""
    for message in reversed(messages):
        if isinstance(message, ModelRequest):
            for part in message.parts:
                if isinstance(part, UserPromptPart):
                    return part.content if isinstance(part.content, str) else ""
    return ""
