"""pydantic-ai's messages and tools as the input items of OpenAI's Responses API.

Source: https://platform.openai.com/docs/api-reference/responses/create. Reasoning goes back as the
item that it came as, in front of what it led to; the protocol refuses one that nothing follows.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.models.content import detail_of
from openclaw_agent_worker.models.http_model import HttpModel, signature_of


def encode_input(messages: Sequence[ModelMessage], model: HttpModel) -> list[dict[str, Any]]:
    """Return the `input` of a request to `model`."""
    items: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            items += _assistant(message, model)
        else:
            items += [_request_part(part) for part in message.parts]
    return items


def encode_tool(tool: ToolDefinition) -> dict[str, Any]:
    """Return one entry of `tools`; here a tool is strict unless it says that it is not."""
    out: dict[str, Any] = {
        "type": "function",
        "name": tool.name,
        "parameters": tool.parameters_json_schema,
        "strict": bool(tool.strict),
    }
    if tool.description:
        out["description"] = tool.description
    return out


def _assistant(message: ModelResponse, model: HttpModel) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            if part.content:
                items.append({"role": "assistant", "content": part.content})
        elif isinstance(part, ToolCallPart):
            items.append(_call(part))
        elif isinstance(part, ThinkingPart):
            _add_reasoning(items, part, signature_of(part.signature, message, model))
        else:
            raise TypeError(f"a {type(part).__name__} cannot be sent as an input item")
    while items and items[-1].get("type") == "reasoning":
        items.pop()
    return items


def _add_reasoning(items: list[dict[str, Any]], part: ThinkingPart, signature: str) -> None:
    """Add an item, or to the item before: one has a part for each of its summaries."""
    summary = [{"type": "summary_text", "text": part.content}] if part.content else []
    last = items[-1] if items else {}
    if last.get("type") == "reasoning" and last["id"] == part.id:
        last["summary"] += summary
    # Only sealed reasoning is taken back, and only by the model that thought it.
    elif signature and part.id:
        item = {"type": "reasoning", "id": part.id, "encrypted_content": signature}
        items.append({**item, "summary": summary})


def _call(call: ToolCallPart) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": call.tool_call_id,
        "name": call.tool_name,
        "arguments": call.args_as_json_str(),
    }


def _request_part(part: ModelRequestPart) -> dict[str, Any]:
    if isinstance(part, UserPromptPart):
        content = part.content
        told = content if isinstance(content, str) else list(_content(content))
        return {"role": "user", "content": told}
    if isinstance(part, SystemPromptPart):
        return {"role": "system", "content": part.content}
    if isinstance(part, ToolReturnPart):
        output = part.model_response_str()
        return {"type": "function_call_output", "call_id": part.tool_call_id, "output": output}
    raise TypeError(f"a {type(part).__name__} cannot be sent as an input item")


def _content(content: Sequence[UserContent]) -> Iterable[dict[str, Any]]:
    for item in content:
        if isinstance(item, str):
            yield {"type": "input_text", "text": item}
        elif isinstance(item, ImageUrl):
            yield _image(item.url, detail_of(item))
        elif isinstance(item, BinaryContent) and item.is_image:
            data = b64encode(item.data).decode()
            url = f"data:{item.media_type};base64,{data}"
            yield _image(url, detail_of(item))
        else:
            raise TypeError(f"a {type(item).__name__} cannot be sent in a user message")


def _image(url: str, detail: str | None) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, "detail": detail or "auto"}
