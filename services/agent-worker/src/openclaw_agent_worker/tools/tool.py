"""What a tool is, and what it is given when it is called.

An extension exports a `Tool`, or a function `(ToolServices) -> Iterable[Tool]` where it needs
collaborators; see docs/tools.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

NO_ARGUMENTS: Final[Mapping[str, Any]] = {"type": "object", "properties": {}}

ToolResult: TypeAlias = Any
"""A JSON value. Text goes to the model as it is, anything else as JSON."""


class ToolError(Exception):
    """The call failed in a way the model can do something about; the message is shown to it."""


class InvalidArguments(ToolError):
    """The arguments are not what the tool takes; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls: one call of one run.

    `call_id` is equal in every attempt of the run, so it can serve as an idempotency key outside.
    """

    run_id: str
    call_id: str
    agent_id: str
    session_key: str
    message_channel: str = "webchat"
    depth: int = 0
    """How many `sessions_send` led to this run."""


ToolFunction: TypeAlias = Callable[[ToolContext, dict[str, Any]], Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `call` may raise ToolError; any other exception is shown as a plain failure.

    `parameters` is a JSON Schema of type object; `call` gets arguments that fit it. `idempotent`
    says that calling twice does no more than calling once: only then is a call whose outcome got
    lost with its worker made again. `timeout_s` replaces `tools.timeoutSeconds`, seconds.
    """

    name: str
    description: str
    call: ToolFunction = field(repr=False)
    idempotent: bool
    parameters: Mapping[str, Any] = field(default_factory=lambda: dict(NO_ARGUMENTS))
    timeout_s: float | None = None
