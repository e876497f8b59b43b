"""pydantic-ai's messages, tools and settings as the request body of OpenAI's chat completions.

Source: https://platform.openai.com/docs/api-reference/chat/create. The protocol wants every tool
call answered by the messages directly behind it; seeing to that is the caller's part.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings, ToolChoice
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.models.content import detail_of, instructions_of

_SENT_AS_THEY_ARE = (
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
)


def encode_body(
    model_id: str,
    messages: Sequence[ModelMessage],
    settings: ModelSettings,
    parameters: ModelRequestParameters,
    *,
    max_tokens_field: str,
    max_tokens: int | None = None,
    reasoning_effort: str | None = None,
) -> bytes:
    """Return the JSON body of a streaming request.

    `max_tokens_field` names the limit of the answer's tokens, `max_tokens` is the most it may be.
    """
    body: dict[str, Any] = {
        "model": model_id,
        "messages": [*_instructions(messages, parameters), *_messages(messages)],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if parameters.function_tools:
        body["tools"] = [_tool(tool) for tool in parameters.function_tools]
        body["tool_choice"] = _tool_choice(settings.get("tool_choice"))
    for name in _SENT_AS_THEY_ARE:
        if (value := settings.get(name)) is not None:
            body[name] = value
    if (limit := settings.get("max_tokens")) is not None:
        body[max_tokens_field] = limit if max_tokens is None else min(limit, max_tokens)
    if reasoning_effort is not None:
        body["reasoning_effort"] = reasoning_effort
    if stop := settings.get("stop_sequences"):
        body["stop"] = stop
    extra = settings.get("extra_body")
    return orjson.dumps({**body, **extra} if isinstance(extra, dict) else body)


def _instructions(
    messages: Sequence[ModelMessage], parameters: ModelRequestParameters
) -> list[dict[str, Any]]:
    text = instructions_of(messages, parameters)
    return [{"role": "system", "content": text}] if text else []


def _messages(messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            out += _assistant(message)
        else:
            out += [_request_part(part) for part in message.parts]
    return out


def _assistant(message: ModelResponse) -> list[dict[str, Any]]:
    text = "".join(part.content for part in message.parts if isinstance(part, TextPart))
    calls = [_call(part) for part in message.parts if isinstance(part, ToolCallPart)]
    if calls:
        return [{"role": "assistant", "content": text or None, "tool_calls": calls}]
    # Providers refuse an assistant message that says nothing.
    return [{"role": "assistant", "content": text}] if text else []


def _call(call: ToolCallPart) -> dict[str, Any]:
    function = {"name": call.tool_name, "arguments": call.args_as_json_str()}
    return {"id": call.tool_call_id, "type": "function", "function": function}


def _request_part(part: ModelRequestPart) -> dict[str, Any]:
    if isinstance(part, UserPromptPart):
        return {"role": "user", "content": _content(part.content)}
    if isinstance(part, SystemPromptPart):
        return {"role": "system", "content": part.content}
    if isinstance(part, ToolReturnPart):
        text = part.model_response_str()
        return {"role": "tool", "tool_call_id": part.tool_call_id, "content": text}
    raise TypeError(f"a {type(part).__name__} cannot be sent as a chat completions message")


def _content(content: str | Sequence[UserContent]) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    return list(_content_parts(content))


def _content_parts(content: Sequence[UserContent]) -> Iterable[dict[str, Any]]:
    for item in content:
        if isinstance(item, str):
            yield {"type": "text", "text": item}
        elif isinstance(item, ImageUrl):
            yield _image(item.url, detail_of(item))
        elif isinstance(item, BinaryContent) and item.is_image:
            data = b64encode(item.data).decode()
            url = f"data:{item.media_type};base64,{data}"
            yield _image(url, detail_of(item))
        else:
            raise TypeError(f"a {type(item).__name__} cannot be sent in a user message")


def _image(url: str, detail: str | None) -> dict[str, Any]:
    shown = {"url": url} if detail is None else {"url": url, "detail": detail}
    return {"type": "image_url", "image_url": shown}


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters_json_schema}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    if isinstance(choice, list):
        if len(choice) == 1:
            return {"type": "function", "function": {"name": choice[0]}}
        return "required"
    return choice if isinstance(choice, str) else "auto"
