"""pydantic-ai's messages and tools as those of Anthropic's Messages API.

Source: https://docs.anthropic.com/en/api/messages. The protocol wants the results of all tool calls
of an answer together in the message behind it, and no text that is empty.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.models.anthropic_answer import REDACTED
from openclaw_agent_worker.models.content import forced_tool
from openclaw_agent_worker.models.http_model import HttpModel, signature_of

_NOT_IN_IDS: Final = re.compile(r"[^a-zA-Z0-9_-]")


def encode_messages(messages: Sequence[ModelMessage], model: HttpModel) -> list[dict[str, Any]]:
    """Return the `messages` of a request to `model`, each role once in a row."""
    out: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            role, blocks = "assistant", _assistant(message, model)
        else:
            role = "user"
            blocks = [block for part in message.parts for block in _request_part(part)]
        if not blocks:
            continue
        if out and out[-1]["role"] == role:
            out[-1]["content"] += blocks
        else:
            out.append({"role": role, "content": blocks})
    return out


def encode_tool(tool: ToolDefinition) -> dict[str, Any]:
    """Return one entry of `tools`."""
    out: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters_json_schema}
    if tool.description:
        out["description"] = tool.description
    return out


def encode_tool_choice(settings: ModelSettings, *, can_force: bool) -> dict[str, Any]:
    """Return `tool_choice`; a model that cannot be forced is left the choice."""
    if settings.get("tool_choice") == "none":
        return {"type": "none"}
    name = forced_tool(settings)
    if name is None or not can_force:
        return {"type": "auto"}
    return {"type": "tool", "name": name} if name else {"type": "any"}


def closed_schema(schema: Any) -> Any:
    """Return a JSON Schema with `additionalProperties: false` on objects, as the API demands it."""
    if isinstance(schema, list):
        return [closed_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: closed_schema(value) for name, value in schema.items()}
    if out.get("type") == "object":
        out["additionalProperties"] = False
    return out


def _assistant(message: ModelResponse, model: HttpModel) -> list[dict[str, Any]]:
    found = (_response_part(part, message, model) for part in message.parts)
    blocks = [block for block in found if block is not None]
    # Reasoning that led to nothing would be a message that says nothing.
    return blocks if any(block["type"] in ("text", "tool_use") for block in blocks) else []


def _response_part(
    part: ModelResponsePart, message: ModelResponse, model: HttpModel
) -> dict[str, Any] | None:
    if isinstance(part, TextPart):
        return _text(part.content)
    if isinstance(part, ToolCallPart):
        return {
            "type": "tool_use",
            "id": _id(part.tool_call_id),
            "name": part.tool_name,
            "input": part.args_as_dict(),
        }
    if isinstance(part, ThinkingPart):
        return _thinking(part, message, model)
    raise TypeError(f"a {type(part).__name__} cannot be sent as a block of a message")


def _thinking(
    part: ThinkingPart, message: ModelResponse, model: HttpModel
) -> dict[str, Any] | None:
    # Only signed reasoning is taken back, and only by the model that thought it.
    signature = signature_of(part.signature, message, model)
    if not signature:
        return None
    if part.id == REDACTED:
        return {"type": "redacted_thinking", "data": signature}
    return {"type": "thinking", "thinking": part.content, "signature": signature}


def _request_part(part: ModelRequestPart) -> Iterable[dict[str, Any]]:
    if isinstance(part, SystemPromptPart):
        return []
    if isinstance(part, UserPromptPart):
        content = [part.content] if isinstance(part.content, str) else part.content
        return [block for item in content if (block := _content(item)) is not None]
    if isinstance(part, ToolReturnPart):
        text = part.model_response_str()
        result = {"type": "tool_result", "tool_use_id": _id(part.tool_call_id), "content": text}
        return [result]
    raise TypeError(f"a {type(part).__name__} cannot be sent as a block of a message")


def _content(item: UserContent) -> dict[str, Any] | None:
    if isinstance(item, str):
        return _text(item)
    if isinstance(item, ImageUrl):
        return {"type": "image", "source": {"type": "url", "url": item.url}}
    if isinstance(item, BinaryContent) and item.is_image:
        data = b64encode(item.data).decode()
        source = {"type": "base64", "media_type": item.media_type, "data": data}
        return {"type": "image", "source": source}
    raise TypeError(f"a {type(item).__name__} cannot be sent in a user message")


def _text(text: str) -> dict[str, Any] | None:
    return {"type": "text", "text": text} if text.strip() else None


def _id(call_id: str) -> str:
    """Return a call's id in the letters that the API takes; other providers have more."""
    return _NOT_IN_IDS.sub("_", call_id)
