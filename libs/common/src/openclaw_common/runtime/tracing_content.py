"""What was said, as the GenAI conventions write it; only where OpenTelemetry's switch says so.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (gen_ai.input.messages).
"""

from __future__ import annotations

import orjson

from openclaw_common.runtime.tracing import Tracer


def said(tracer: Tracer, role: str, text: str) -> str:
    """Return one message of text as the JSON of a list of messages, within the tracer's bound."""
    content = tracer.text(text).encode("utf-8", "replace").decode()
    return orjson.dumps([{"role": role, "parts": [{"type": "text", "content": content}]}]).decode()
