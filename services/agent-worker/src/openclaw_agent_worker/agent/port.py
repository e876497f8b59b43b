"""The port to the agent: what one turn takes, and the typed events it gives.

Nothing here or behind it knows of leases, run events or Redis, so that an implementation can be
replaced and tested by itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from openclaw_common.contracts.run import RunRequest, ToolCall, Usage

NO_RESPONSE: Final = "No response from OpenClaw."
"""What a client is shown in place of an empty reply (contract §1.1)."""


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """One turn to take.

    `model` is `provider/model`. `transcript` holds the session's messages as JSON, oldest first;
    None means that the session keeps none. `idle_timeout_s` bounds the provider's silence.
    `idempotency_key` is unique per model request of an attempt.
    """

    request: RunRequest
    model: str
    instructions: str
    transcript: Sequence[bytes] | None
    idle_timeout_s: float
    idempotency_key: str


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
class Completed:
    """The turn is over; the last event. `finish_reason` is `stop`, `length` or `tool_calls`.

    `new_messages` are what the session's transcript grows by, in the form `AgentTurn.transcript`
    takes; empty where the session keeps none.
    """

    finish_reason: str
    usage: Usage = field(default_factory=Usage)
    tool_calls: tuple[ToolCall, ...] = ()
    new_messages: tuple[bytes, ...] = ()


AgentEvent = TextDelta | ReasoningDelta | ToolCallPiece | Completed


class AgentRunner(Protocol):
    """Takes turns."""

    def run(self, turn: AgentTurn) -> AsyncGenerator[AgentEvent, None]:
        """Take one turn; closing the generator closes the connection to the provider.

        Raises GatewayError with the client's error body: an UpstreamFailure where the provider
        failed, which may be retryable.
        """
        ...
