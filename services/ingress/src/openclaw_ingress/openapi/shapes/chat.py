"""Bodies of chat completions, embeddings and tool calls."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.shapes.common import NOT_BLANK, Count, Filled, ToolCallObject, Usage
from openclaw_ingress.openapi.shapes.generation import Effort, Messages, Sampling, Strategy
from openclaw_ingress.schemas.embeddings import MAX_TEXT_CHARS, MAX_TEXTS
from openclaw_ingress.schemas.tool_invocation import MAX_IDEMPOTENCY_KEY_CHARS
from openclaw_ingress.session_keys import MAX_KEY_CHARS

Text = Annotated[str, Where({"maxLength": MAX_TEXT_CHARS})]


class StreamOptions(TypedDict, total=False):
    """What a stream says at its end."""

    include_usage: bool | None


class ChatCompletionCreate(Sampling, total=False):
    """A chat request. Members that are not named here are passed over."""

    model: Required[Filled]
    messages: Required[Messages]
    stream: bool | None
    stream_options: StreamOptions | None
    user: str | None
    reasoning_effort: Effort | None
    multitask_strategy: Strategy | None


class AssistantMessage(TypedDict):
    """What the agent says."""

    role: Literal["assistant"]
    content: str | None
    tool_calls: NotRequired[list[ToolCallObject]]


class Choice(TypedDict):
    """The one answer."""

    index: Count
    message: AssistantMessage
    finish_reason: str


class ChatCompletion(TypedDict):
    """A finished chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class EmbeddingsCreate(TypedDict):
    """Texts whose vectors are wanted; one of them at least is not blank."""

    model: Filled
    input: Text | Annotated[list[Text], Where({"minItems": 1, "maxItems": MAX_TEXTS})]
    dimensions: NotRequired[Annotated[int, Where({"minimum": 1})] | None]
    encoding_format: NotRequired[Literal["float", "base64"] | None]


class Embedding(TypedDict):
    """The vector of one text; as base64 it is little-endian float32."""

    object: Literal["embedding"]
    index: Count
    embedding: list[float] | str


class EmbeddingsUsage(TypedDict):
    """Tokens of the texts."""

    prompt_tokens: Count
    total_tokens: Count


class Embeddings(TypedDict):
    """Vectors in the order of their texts."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: EmbeddingsUsage


class ToolMembers(TypedDict, total=False):
    """A tool call: `name` or `tool` says which, `args` or `params` are its arguments."""

    name: str | None
    tool: Any
    args: Any
    params: Any
    action: str | None
    agentId: str | None
    sessionKey: Annotated[str, Where({"maxLength": MAX_KEY_CHARS})] | None
    idempotencyKey: Annotated[str, Where({"maxLength": MAX_IDEMPOTENCY_KEY_CHARS})] | None


ToolInvoke = Annotated[
    ToolMembers,
    Where(
        {
            "anyOf": [
                {
                    "required": [name],
                    "properties": {name: {"type": "string", "pattern": NOT_BLANK}},
                }
                for name in ("name", "tool")
            ]
        }
    ),
]


class ToolResult(TypedDict):
    """What the tool gave."""

    ok: Literal[True]
    result: Any
