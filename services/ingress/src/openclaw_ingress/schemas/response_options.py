"""The options of a responses body: a closed list, each checked by its type (contract §1.4).

The current release refuses keys that it does not know, so that nobody is misled by an option that
does nothing. Beyond its list, those of OpenAI's are taken that change nothing here; `conversation`
and `prompt` name things that do not exist here, and are refused.
Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import Sampling
from openclaw_ingress.schemas import fields, js

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SUMMARIES: Final = ("auto", "concise", "detailed")
TRUNCATIONS: Final = ("auto", "disabled")
FORMATS: Final = ("text", "json_object", "json_schema")
KNOWN: Final = frozenset(
    {
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "text",
        "stream",
        "max_output_tokens",
        "max_tool_calls",
        "user",
        "temperature",
        "top_p",
        "metadata",
        "store",
        "previous_response_id",
        "reasoning",
        "truncation",
    }
)
OPENAIS: Final = frozenset(
    {
        "background",
        "include",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "stream_options",
        "top_logprobs",
    }
)
"""OpenAI's further keys; all but `background` are accepted and mean nothing here."""

OWN: Final = frozenset({"multitask_strategy"})
"""Ours: docs/runs-api.md."""


def check_options(body: dict[str, Any]) -> None:
    """Raise InvalidRequest for the first option of a wrong type, then for keys of no meaning."""
    for name in ("instructions", "user", "previous_response_id"):
        fields.string(body, name)
    for name in ("max_output_tokens", "max_tool_calls"):
        fields.positive_integer(body, name)
    for name in ("stream", "store", "background", "parallel_tool_calls"):
        fields.flag(body, name, default=False)
    fields.ranged(body, "temperature", 0, 2)
    fields.ranged(body, "top_p", 0, 1)
    for name in fields.record(body, "metadata") or {}:
        fields.string(body["metadata"], name, "metadata.")
    fields.choice(body, "truncation", TRUNCATIONS)
    reasoning = fields.record(body, "reasoning") or {}
    fields.choice(reasoning, "effort", EFFORTS, "reasoning.")
    fields.choice(reasoning, "summary", SUMMARIES, "reasoning.")
    response_format(body)
    _refuse_unknown(body)


def sampling_of(body: dict[str, Any], wanted: dict[str, Any] | None) -> Sampling:
    """Return the sampling fields of a body; `wanted` is its response format."""
    return Sampling(
        max_tokens=fields.positive_integer(body, "max_output_tokens"),
        temperature=fields.ranged(body, "temperature", 0, 2),
        top_p=fields.ranged(body, "top_p", 0, 1),
        response_format=wanted,
    )


def response_format(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return `text.format` as chat completions have it, None for text; raises InvalidRequest."""
    given = fields.record(fields.record(body, "text") or {}, "format", "text.")
    if given is None:
        return None
    kind = fields.choice(given, "type", FORMATS, "text.format.")
    if kind is None:
        raise fields.invalid("text.format.type")
    if kind != "json_schema":
        return {"type": kind} if kind == "json_object" else None
    schema = given.get("schema")
    if not isinstance(schema, dict):
        raise js.wrong_type("text.format.schema", "object", schema)
    named = {"name": fields.string(given, "name", "text.format.") or "answer", "schema": schema}
    optional = {key: given[key] for key in ("description", "strict") if given.get(key) is not None}
    return {"type": kind, "json_schema": {**named, **optional}}


def _refuse_unknown(body: dict[str, Any]) -> None:
    unknown = [key for key in body if key not in KNOWN | OPENAIS | OWN]
    if unknown:
        names = ", ".join(f'"{key}"' for key in unknown[:8])
        plural = "s" if len(unknown) > 1 else ""
        raise InvalidRequest(f"Unrecognized key{plural}: {names}", param=unknown[0])
