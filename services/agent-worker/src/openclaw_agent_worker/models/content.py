"""What the request bodies of the protocols have in common: instructions, images, schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    SystemPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings


def instructions_of(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> str:
    """Return the system prompt of a request, an empty text where it has none."""
    if parameters.instruction_parts is not None:
        return "\n\n".join(part.content for part in parameters.instruction_parts)
    last = next((m for m in reversed(messages) if isinstance(m, ModelRequest)), None)
    return (last.instructions or "") if last else ""


def system_prompts(messages: Sequence[ModelMessage]) -> list[str]:
    """Return the system prompts that stand among the messages."""
    requests = (message for message in messages if isinstance(message, ModelRequest))
    parts = (part for request in requests for part in request.parts)
    return [part.content for part in parts if isinstance(part, SystemPromptPart)]


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """The JSON Schema that an answer is to keep."""

    schema: dict[str, Any]
    name: str
    description: str | None = None
    strict: bool | None = None


def split_response_format(
    settings: ModelSettings,
) -> tuple[dict[str, Any], str, AnswerSchema | None]:
    """Return the rest of `extra_body`, and the chat-completions `response_format` in it.

    That is its type, empty where there is none, and its schema if it is `json_schema`.
    """
    extra = settings.get("extra_body")
    rest = dict(extra) if isinstance(extra, Mapping) else {}
    wanted = rest.pop("response_format", None)
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if not isinstance(wanted, Mapping) or not isinstance(kind, str):
        return rest, "", None
    given = wanted.get("json_schema")
    if kind != "json_schema" or not isinstance(given, Mapping):
        return rest, kind, None
    schema = AnswerSchema(
        schema=dict(given.get("schema") or {"type": "object"}),
        name=str(given.get("name") or "answer"),
        description=given.get("description"),
        strict=given.get("strict"),
    )
    return rest, kind, schema


def forced_tool(settings: ModelSettings) -> str | None:
    """Return the tool that must be called: its name, an empty text for any, None for no such."""
    choice = settings.get("tool_choice")
    if choice == "required":
        return ""
    if isinstance(choice, list):
        return choice[0] if len(choice) == 1 else ""
    return None


def detail_of(image: BinaryContent | ImageUrl) -> str | None:
    """Return how closely OpenAI's models are to look at an image, None where nothing says."""
    value = (image.vendor_metadata or {}).get("detail")
    return value if isinstance(value, str) else None
