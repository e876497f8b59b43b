"""Errors, probes, and pieces that several bodies have."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from openclaw_ingress.openapi.model import Where

NOT_BLANK: Final = r"[^\s\x1c-\x1f\x85]|\ufeff"
"""A character that Python does not strip; of some, ECMA's `\\s` thinks otherwise."""
Filled = Annotated[str, Where({"pattern": NOT_BLANK})]
"""Text that is not blank."""
Count = Annotated[int, Where({"minimum": 0})]


class ErrorDetails(TypedDict):
    """What a refusal for lack of a scope says beside its message."""

    missingScope: str


class Error(TypedDict):
    """What went wrong: `type` and `code` are for programs, `message` says what to do."""

    message: str
    type: str
    code: NotRequired[str]
    param: NotRequired[str]
    request_id: NotRequired[str]
    details: NotRequired[ErrorDetails]


class ErrorEnvelope(TypedDict):
    """Every error's body."""

    error: Error
    ok: NotRequired[Literal[False]]


class HookErrorEnvelope(TypedDict):
    """An error of a hook, of a tool call and of OpenClaw's own session endpoints.

    `runIds` and `errors` tell of a hook of which some items were accepted.
    """

    ok: Literal[False]
    error: Error
    runIds: NotRequired[list[str]]
    errors: NotRequired[list[str]]


class HookErrorText(TypedDict):
    """An error of a hook under `gateway.http.compat: "current"`."""

    ok: Literal[False]
    error: str | Error
    runIds: NotRequired[list[str]]
    errors: NotRequired[list[str]]


class ErrorObject(TypedDict):
    """An error inside an object."""

    message: str
    type: str
    code: NotRequired[str]
    param: NotRequired[str]


class Health(TypedDict):
    """The process answers."""

    ok: Literal[True]
    status: Literal["healthy", "live"]


class Startup(TypedDict):
    """Whether the process has started; version and uptime only for local and known callers."""

    ok: bool
    status: Literal["started", "draining"]
    version: NotRequired[str]
    uptimeMs: NotRequired[Count]


class Readiness(TypedDict):
    """Whether requests are taken; the reasons only for local and known callers."""

    ready: bool
    failing: NotRequired[list[str]]
    uptimeMs: NotRequired[Count]
    durability: NotRequired[dict[str, Any] | None]
    cells: NotRequired[list[dict[str, Any]]]


class Usage(TypedDict):
    """Tokens of a run."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    prompt_tokens_details: NotRequired[dict[str, Any]]
    completion_tokens_details: NotRequired[dict[str, Any]]


class ToolCallFunction(TypedDict):
    """Which function is called; `arguments` is JSON text."""

    name: str | None
    arguments: str


class ToolCallObject(TypedDict):
    """A call of one of the client's tools."""

    id: str | None
    type: Literal["function"]
    function: ToolCallFunction


class Deleted(TypedDict):
    """An object that is no more."""

    id: str
    object: str
    deleted: Literal[True]


class Model(TypedDict):
    """A model id that names an agent."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    permission: list[Any]


class ModelList(TypedDict):
    """Every model id that the caller may use."""

    object: Literal["list"]
    data: list[Model]
