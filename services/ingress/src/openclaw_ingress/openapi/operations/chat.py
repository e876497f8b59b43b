"""Chat completions, embeddings and tool calls."""

from __future__ import annotations

from typing import Final

from openclaw_ingress.openapi.model import (
    EVENTS,
    JSON,
    Answer,
    Body,
    Operation,
    Operations,
    Parameter,
    answers,
)
from openclaw_ingress.openapi.parameters import (
    FLAG,
    IDEMPOTENCY_KEY,
    LAST_EVENT_ID,
    ON_DISCONNECT,
    RESUME,
    ROUTING,
    STARTING_AFTER,
    STREAM,
)
from openclaw_ingress.openapi.shapes.chat import (
    ChatCompletion,
    ChatCompletionCreate,
    Embeddings,
    EmbeddingsCreate,
    ToolInvoke,
    ToolResult,
)

STREAMED: Final = {"description": "Server-sent events."}
_COMPLETION: Final = {
    200: Answer(
        "The completion; with `stream` its chunks.",
        {JSON: ChatCompletion, EVENTS: STREAMED},
        ("x-run-id",),
    )
}
_FAILED: Final = (409, 422, 502, 504)
_INVOKE: Final = Body(ToolInvoke)


def _invocation(name: str) -> Operation:
    return Operation(
        name,
        "Tools",
        "Call a tool",
        answers(ToolResult),
        parameters=ROUTING[3:],
        body=_INVOKE,
        errors=(404, 409, 424),
    )


CHAT: Final[Operations] = {
    ("POST", "/v1/chat/completions"): Operation(
        "createChatCompletion",
        "Chat",
        "Ask an agent",
        _COMPLETION,
        parameters=(*ROUTING, IDEMPOTENCY_KEY, ON_DISCONNECT, STARTING_AFTER, LAST_EVENT_ID),
        body=Body(ChatCompletionCreate),
        errors=(*_FAILED, 410),
    ),
    ("GET", "/v1/chat/completions/{id}"): Operation(
        "resumeChatCompletion",
        "Chat",
        "Read a completion, or go on with its stream",
        _COMPLETION,
        parameters=(
            STREAM,
            Parameter("include_usage", "Whether the stream tells the usage.", FLAG),
            *RESUME,
        ),
        errors=(404, 410, *_FAILED),
    ),
    ("POST", "/v1/embeddings"): Operation(
        "createEmbeddings",
        "Embeddings",
        "Embed texts",
        answers(Embeddings),
        parameters=(ROUTING[0], ROUTING[2]),
        body=Body(EmbeddingsCreate),
        errors=_FAILED,
    ),
    ("POST", "/tools/invoke"): _invocation("invokeTool"),
    ("POST", "/api/tools/invoke"): _invocation("invokeToolUnderApi"),
}
