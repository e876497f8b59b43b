"""The port to the agent: what one turn takes, and the typed events it gives.

Nothing here or behind it knows of leases, run events or Redis, so that an implementation can be
replaced and tested by itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from openclaw_common.contracts.run import RunRequest, ToolCall, Usage

MAX_STEPS: Final = "max_steps"
MAX_TOOL_CALLS: Final = "max_tool_calls"
MAX_TOKENS: Final = "max_tokens"
MAX_OUTPUT_TOKENS: Final = "max_output_tokens"
"""The provider ended the answer at the token limit of the request or of the model."""
MAX_OUTPUT_BYTES: Final = "max_output_bytes"
TIMEOUT: Final = "timeout"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a call gave: text or JSON for the model to read, an explanation if it is an error."""

    content: str
    is_error: bool = False


class ToolBox(Protocol):
    """The tools that are executed on our side in one run."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return what the model is offered."""
        ...

    async def call(self, call: ToolCall, place: str) -> ToolOutcome:
        """Execute one call; failures of the tool are outcomes.

        `place` is unique in the run and equal in every attempt that makes the same call.
        """
        ...


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How much one run may use; past one it ends as it stands.

    `max_tokens` counts prompt and answer of all its model requests, as the provider reports them.
    """

    max_steps: int = 50
    max_tool_calls: int = 200
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ContextLimits:
    """How much the model takes, and what happens to a session that is larger; in tokens.

    `window` bounds prompt and answer together, `reserve` is left to the answer. Past that a summary
    of about `summary` tokens, written by `summary_model` with its `summary_window`, takes the place
    of all messages but the newest `keep_recent`; without such a model the oldest are left out.
    `messages` is how many a transcript may hold.
    """

    window: int = 128_000
    reserve: int = 16_384
    keep_recent: int = 20_000
    summary: int = 2_000
    summary_model: str | None = None
    summary_window: int = 128_000
    messages: int = 1_000


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """One turn to take.

    `model` is `provider/model`; `fallbacks` are asked in turn when it fails. `transcript` holds the
    session's messages as JSON, oldest first; None means that the session keeps none.
    `idle_timeout_s` bounds the provider's silence.
    `idempotency_key` is unique per attempt; each model request adds its number.
    `tools` are executed on our side; None offers none; `fallback_tools` are those of fallbacks
    that may use others. `recorded` are the `StepCompleted.reply` of
    an earlier attempt, which are not asked for again. `published` is the text that it published,
    where the model can go on from it. A turn with `compact` answers nothing and has the older
    messages summarised, minding what it says.
    """

    request: RunRequest
    model: str
    instructions: str
    transcript: Sequence[bytes] | None
    idle_timeout_s: float
    idempotency_key: str
    tools: ToolBox | None = None
    limits: RunLimits = RunLimits()
    recorded: Sequence[bytes] = ()
    published: str = ""
    fallbacks: tuple[str, ...] = ()
    context: ContextLimits = ContextLimits()
    compact: str | None = None
    fallback_tools: Mapping[str, ToolBox | None] = field(default_factory=dict)

    def tools_of(self, model: str) -> ToolBox | None:
        """Return the tools that `provider/model` is offered."""
        return self.fallback_tools.get(model, self.tools)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the reply, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Text of the model's reasoning, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallPiece:
    """Part of a call of a client's tool; `id` and `name` stand in an index's first piece only."""

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class StepCompleted:
    """The model's reply is whole and its tools come next; `reply` is what `recorded` takes.

    The tools are not called before the next event is asked for.
    """

    reply: bytes


@dataclass(frozen=True, slots=True)
class Compacted:
    """The session's older messages were summarised; `transcript` takes the place of all it had."""

    transcript: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool of ours is about to be called."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolCompleted:
    """A tool of ours has answered."""

    call_id: str
    name: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class Completed:
    """The turn is over; the last event. `finish_reason` is `stop`, `length` or `tool_calls`.

    `new_messages` are what the session's transcript grows by, in the form `AgentTurn.transcript`
    takes; empty where the session keeps none; `replacement` comes in front, in place of the
    `dropped` oldest. `incomplete_reason` names the limit that ended it.
    """

    finish_reason: str
    usage: Usage = field(default_factory=Usage)
    tool_calls: tuple[ToolCall, ...] = ()
    new_messages: tuple[bytes, ...] = ()
    incomplete_reason: str | None = None
    dropped: int = 0
    replacement: tuple[bytes, ...] = ()


AgentEvent = (
    TextDelta
    | ReasoningDelta
    | ToolCallPiece
    | StepCompleted
    | Compacted
    | ToolStarted
    | ToolCompleted
    | Completed
)


class AgentExecution(Protocol):
    """One turn that is being taken."""

    def events(self) -> AsyncGenerator[AgentEvent, None]:
        """Take the turn; closing the generator closes the connection to the provider.

        Raises GatewayError with the client's error body, and whatever the tool box raises.
        """
        ...

    def cut(self, reason: str) -> Completed:
        """Return how the turn ends when it is not taken to its end, for `incomplete_reason`."""
        ...


class AgentRunner(Protocol):
    """Takes turns."""

    def start(self, turn: AgentTurn) -> AgentExecution:
        """Return the execution of a turn; nothing happens before its events are read."""
        ...
