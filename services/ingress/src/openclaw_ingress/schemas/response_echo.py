"""What a response says of its request: OpenAI's members, with its defaults where none was sent."""

from __future__ import annotations

from typing import Any


def echo_of(body: dict[str, Any], *, background: bool, store: bool) -> dict[str, Any]:
    """Return the members of the `response` object that repeat a validated body."""
    reasoning = body.get("reasoning") or {}
    text = body.get("text") or {}
    return {
        "background": background,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "store": store,
        "temperature": body.get("temperature"),
        "text": {**text, "format": text.get("format") or {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p"),
        "truncation": body.get("truncation") or "disabled",
        "user": body.get("user"),
    }
