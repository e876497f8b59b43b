"""pydantic-ai's messages and tools as those of the Gemini API.

Source: https://ai.google.dev/api/caching#Content and
https://ai.google.dev/gemini-api/docs/function-calling. A result follows its call at once, is an
object and has the name of its call.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pydantic_ai.exceptions import UserError
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
from pydantic_ai.profiles.google import GoogleJsonSchemaTransformer
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.models.http_model import SIGNATURE, HttpModel, signature_of
from openclaw_common.contracts.errors import InvalidRequest

UNSIGNED: Final = "skip_thought_signature_validator"
"""The signature of a call that the model did not make, or made before it signed calls:
https://ai.google.dev/gemini-api/docs/thought-signatures#faqs."""


def encode_contents(
    messages: Sequence[ModelMessage], model: HttpModel, *, must_sign: bool
) -> list[dict[str, Any]]:
    """Return the `contents` of a request to `model`, each role once in a row.

    `must_sign` says that the model refuses a turn whose first call has no signature.
    """
    names = _names_of_calls(messages)
    out: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            role, parts = "model", _model_parts(message, model, must_sign=must_sign)
        else:
            role = "user"
            parts = [found for part in message.parts for found in _request_part(part, names)]
        if not parts:
            continue
        if out and out[-1]["role"] == role:
            out[-1]["parts"] += parts
        else:
            out.append({"role": role, "parts": parts})
    return out


def encode_tools(tools: Sequence[ToolDefinition]) -> list[dict[str, Any]]:
    """Return `tools`. Raises InvalidRequest."""
    return [{"functionDeclarations": [_declaration(tool) for tool in tools]}]


def encode_tool_config(
    settings: ModelSettings, tools: Sequence[ToolDefinition], *, validates: bool
) -> dict[str, Any]:
    """Return `toolConfig`; a model that `validates` keeps to the schemas of calls by itself."""
    choice = settings.get("tool_choice")
    config: dict[str, Any]
    if choice == "none":
        config = {"mode": "NONE"}
    elif choice == "required":
        config = {"mode": "ANY"}
    elif isinstance(choice, list):
        config = {"mode": "ANY", "allowedFunctionNames": choice}
    else:
        strict = validates and not any(tool.strict is False for tool in tools)
        config = {"mode": "VALIDATED" if strict else "AUTO"}
    return {"functionCallingConfig": config}


def encode_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema in the words that Gemini knows. Raises InvalidRequest."""
    try:
        return GoogleJsonSchemaTransformer(schema).walk()
    except UserError as error:
        raise InvalidRequest(str(error)) from None
    except (TypeError, RecursionError):
        # What it does not look for itself: a null among the types, more than some 250 levels.
        raise InvalidRequest("a JSON Schema is malformed or nested too deeply") from None


def _declaration(tool: ToolDefinition) -> dict[str, Any]:
    schema = encode_schema(tool.parameters_json_schema)
    out: dict[str, Any] = {"name": tool.name, "parametersJsonSchema": schema}
    if tool.description:
        out["description"] = tool.description
    return out


def _names_of_calls(messages: Sequence[ModelMessage]) -> dict[str, str]:
    replies = (message for message in messages if isinstance(message, ModelResponse))
    parts = (part for reply in replies for part in reply.parts)
    return {part.tool_call_id: part.tool_name for part in parts if isinstance(part, ToolCallPart)}


def _model_parts(
    message: ModelResponse, model: HttpModel, *, must_sign: bool
) -> list[dict[str, Any]]:
    found = (_response_part(part, message, model) for part in message.parts)
    parts = [part for part in found if part is not None]
    calls = [part for part in parts if "functionCall" in part]
    if must_sign and calls:
        calls[0].setdefault("thoughtSignature", UNSIGNED)
    # Thoughts that led to nothing would be a turn that says nothing.
    return parts if any("thought" not in part for part in parts) else []


def _response_part(
    part: ModelResponsePart, message: ModelResponse, model: HttpModel
) -> dict[str, Any] | None:
    if isinstance(part, ThinkingPart):
        # A summary of thoughts is for people; only what the model signed is of use to it.
        signature = signature_of(part.signature, message, model)
        thought = {"text": part.content, "thought": True, "thoughtSignature": signature}
        return thought if signature else None
    if isinstance(part, TextPart):
        out: dict[str, Any] = {"text": part.content}
        if not part.content:
            return None
    elif isinstance(part, ToolCallPart):
        call = {"id": part.tool_call_id, "name": part.tool_name, "args": part.args_as_dict()}
        out = {"functionCall": call}
    else:
        raise TypeError(f"a {type(part).__name__} cannot be sent as a part of a turn")
    given = (part.provider_details or {}).get(SIGNATURE)
    if signature := signature_of(given, message, model):
        out["thoughtSignature"] = signature
    return out


def _request_part(part: ModelRequestPart, names: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    if isinstance(part, SystemPromptPart):
        return []
    if isinstance(part, UserPromptPart):
        content = [part.content] if isinstance(part.content, str) else part.content
        return [_content(item) for item in content if item != ""]
    if isinstance(part, ToolReturnPart):
        result = {
            "id": part.tool_call_id,
            "name": names.get(part.tool_call_id, part.tool_name),
            "response": {"output": part.model_response_str()},
        }
        return [{"functionResponse": result}]
    raise TypeError(f"a {type(part).__name__} cannot be sent as a part of a turn")


def _content(item: UserContent) -> dict[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, ImageUrl):
        file = {"fileUri": item.url}
        # What kind of image it is may stand in its URL or nowhere.
        with suppress(ValueError):
            file["mimeType"] = item.media_type
        return {"fileData": file}
    if isinstance(item, BinaryContent) and item.is_image:
        data = b64encode(item.data).decode()
        return {"inlineData": {"mimeType": item.media_type, "data": data}}
    raise TypeError(f"a {type(item).__name__} cannot be sent in a user's turn")
