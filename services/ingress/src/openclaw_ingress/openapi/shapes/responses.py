"""Bodies of responses (contract §1.4)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required, TypedDict

from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.shapes.common import Count, Filled
from openclaw_ingress.openapi.shapes.generation import Share, Strategy, Temperature, Tokens
from openclaw_ingress.schemas.response_options import EFFORTS, FORMATS, SUMMARIES, TRUNCATIONS


class Reasoning(TypedDict, total=False):
    """How hard the model thinks."""

    effort: Annotated[str, Where({"enum": list(EFFORTS)})] | None
    summary: Annotated[str, Where({"enum": list(SUMMARIES)})] | None


class TextFormat(TypedDict):
    """What form the answer has; `json_schema` takes a `schema`."""

    type: Annotated[str, Where({"enum": list(FORMATS)})]


class TextOptions(TypedDict, total=False):
    """How the text is given."""

    format: TextFormat | None


class ResponseTool(TypedDict):
    """A tool that the client runs; with `description`, `parameters` and `strict`."""

    type: Literal["function"]
    name: Filled


class InputItem(TypedDict):
    """A message, a function call, its output, or what is passed over."""

    type: Literal["message", "function_call", "function_call_output", "reasoning", "item_reference"]


class ResponseCreate(TypedDict, total=False):
    """A response that is asked for, in OpenAI's members."""

    model: Required[Filled]
    input: Required[str | list[Any]]
    instructions: str | None
    tools: list[ResponseTool] | None
    tool_choice: Any
    text: TextOptions | None
    stream: bool | None
    max_output_tokens: Tokens | None
    max_tool_calls: Tokens | None
    user: str | None
    temperature: Temperature | None
    top_p: Share | None
    metadata: dict[str, str | None] | None
    store: bool | None
    previous_response_id: str | None
    reasoning: Reasoning | None
    truncation: Annotated[str, Where({"enum": list(TRUNCATIONS)})] | None
    background: bool | None
    include: Any
    parallel_tool_calls: bool | None
    prompt_cache_key: Any
    prompt_cache_retention: Any
    safety_identifier: Any
    service_tier: Any
    stream_options: Any
    top_logprobs: Any
    multitask_strategy: Strategy | None


class ResponseUsage(TypedDict):
    """Tokens of a response."""

    input_tokens: Count
    input_tokens_details: dict[str, int]
    output_tokens: Count
    output_tokens_details: dict[str, int]
    total_tokens: Count


class ResponseError(TypedDict):
    """Why a response failed."""

    code: str
    message: str


class IncompleteResponse(TypedDict):
    """Why a response is not whole."""

    reason: str


class ResponseObject(TypedDict):
    """A response; further members repeat its request."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Literal["queued", "in_progress", "completed", "failed", "cancelled", "incomplete"]
    completed_at: int | None
    error: ResponseError | None
    incomplete_details: IncompleteResponse | None
    model: str
    output: list[dict[str, Any]]
    usage: ResponseUsage | None
    background: bool
    metadata: dict[str, str | None]
    store: bool


class ResponseInputItem(TypedDict):
    """An item of a response's input."""

    id: str
    type: str
