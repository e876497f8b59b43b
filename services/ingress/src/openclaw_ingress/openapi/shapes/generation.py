"""Members of a request that say how the model answers (contract §1.1).

Null counts as absent everywhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.shapes.common import Filled
from openclaw_ingress.schemas.js import MAX_SAFE_INTEGER
from openclaw_ingress.schemas.sampling import EFFORTS, MAX_STOP_SEQUENCES, SEEDS

Tokens = Annotated[int, Where({"minimum": 1, "maximum": MAX_SAFE_INTEGER})]
Seed = Annotated[int, Where({"minimum": SEEDS.start, "maximum": SEEDS.stop - 1})]
Temperature = Annotated[float, Where({"minimum": 0, "maximum": 2})]
Share = Annotated[float, Where({"minimum": 0, "maximum": 1})]
Penalty = Annotated[float, Where({"minimum": -2, "maximum": 2})]
StopText = Annotated[str, Where({"minLength": 1})]
Stop = StopText | Annotated[list[StopText], Where({"maxItems": MAX_STOP_SEQUENCES})]
Effort = Annotated[str, Where({"enum": list(EFFORTS)})]
Strategy = Literal["enqueue", "reject", "interrupt", "collect"]
Messages = Annotated[
    list[Any],
    Where(
        {
            "minItems": 1,
            "contains": {
                "type": "object",
                "properties": {
                    "role": {"type": "string", "pattern": r"^\s*(user|tool|function)\s*$"},
                    "content": {
                        "description": "Text, or parts of type `text` and `image_url`.",
                        "type": ["string", "array", "null"],
                    },
                },
                "required": ["role"],
            },
            "description": "A conversation in the form of chat completions; the last user or tool"
            " message is the current one.",
        }
    ),
]


class ResponseFormat(TypedDict):
    """What form the answer shall have."""

    type: Literal["text", "json_object", "json_schema"]


class FunctionTool(TypedDict):
    """A tool that the client runs."""

    type: Literal["function"]
    function: Function


class Function(TypedDict):
    """What a tool is called; with `description`, `parameters` (JSON Schema) and `strict`."""

    name: Filled


class NamedFunction(TypedDict):
    """A function's name."""

    name: Filled


class FunctionChoice(TypedDict):
    """The one function that must be called; it is among `tools`."""

    type: Literal["function"]
    function: NamedFunction


ToolChoice = Literal["auto", "none", "required"] | FunctionChoice


class Sampling(TypedDict, total=False):
    """How the answer is generated."""

    max_tokens: Tokens | None
    max_completion_tokens: Tokens | None
    temperature: Temperature | None
    top_p: Share | None
    frequency_penalty: Penalty | None
    presence_penalty: Penalty | None
    seed: Seed | None
    stop: Stop | None
    response_format: ResponseFormat | None
    tools: list[FunctionTool] | None
    tool_choice: ToolChoice | None
