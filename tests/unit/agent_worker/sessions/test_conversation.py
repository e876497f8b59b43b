"""A turn's requests, fitted to the model's context in the middle of the turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from openclaw_agent_worker.agent.loop import LoopRunner
from openclaw_agent_worker.agent.port import (
    AgentEvent,
    AgentTurn,
    Compacted,
    Completed,
    ContextLimits,
    ToolOutcome,
    ToolSpec,
)
from openclaw_agent_worker.agent.summary import INSTRUCTIONS
from openclaw_agent_worker.agent.tokens import messages_tokens
from openclaw_agent_worker.agent.transcript import encode_messages
from openclaw_agent_worker.models.errors import CONTEXT_OVERFLOW, UpstreamFailure
from openclaw_common.contracts.errors import ErrorBody, GatewayError
from openclaw_common.contracts.run import RunRequest, ToolCall, Turn

LIMITS = ContextLimits(
    window=2000, reserve=500, keep_recent=500, summary=100, summary_model="fake/m"
)
TURN = AgentTurn(
    request=RunRequest("main", "s", "chat", "openclaw", Turn("user", "hi")),
    model="fake/m",
    instructions="",
    transcript=(),
    idle_timeout_s=5,
    idempotency_key="run:1",
    context=LIMITS,
)


def past(turns: int) -> tuple[bytes, ...]:
    said = [UserPromptPart(f"{turn} " + "so " * 100) for turn in range(turns)]
    return encode_messages([ModelRequest(parts=[part]) for part in said])


@dataclass
class Small:
    """A selection of one model that takes `most` tokens, calls `calls` and writes summaries."""

    most: int = 1_000_000
    calls: list[str] = field(default_factory=list)
    seen: list[list[ModelMessage]] = field(default_factory=list)
    summaries: int = 0
    reference: str = "fake/m"

    def begin(self) -> None: ...

    async def recover(self, failure: GatewayError) -> bool:
        return False

    async def model(self) -> Model[Any]:
        return FunctionModel(stream_function=self._stream)

    async def _stream(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | dict[int, DeltaToolCall]]:
        if messages_tokens(messages) > self.most:
            raise UpstreamFailure(ErrorBody(400, "x", "too long", CONTEXT_OVERFLOW))
        if INSTRUCTIONS in (info.instructions or ""):
            self.summaries += 1
            yield "a summary"
            return
        self.seen.append(list(messages))
        if self.calls:
            yield {0: DeltaToolCall(self.calls.pop(0), "{}", tool_call_id=f"c{len(self.seen)}")}
        else:
            yield "done"


@dataclass
class Talkative:
    """A tool that says more than the model can take."""

    def specs(self) -> Sequence[ToolSpec]:
        return [ToolSpec("dump", "", {"type": "object"})]

    async def call(self, call: ToolCall, place: str) -> ToolOutcome:
        return ToolOutcome("x" * 30_000)


async def take(small: Small, turn: AgentTurn) -> list[AgentEvent]:
    select: Callable[[Sequence[str]], Small] = lambda _: small  # noqa: E731
    async with asyncio.timeout(5):
        return [event async for event in LoopRunner(select).start(turn).events()]


async def test_large_tool_results_are_shortened_in_requests_and_whole_in_the_transcript() -> None:
    small = Small(most=1500, calls=["dump"] * 3)
    events = await take(small, replace(TURN, tools=Talkative()))
    results = [p for m in small.seen[-1] for p in m.parts if isinstance(p, ToolReturnPart)]
    assert [len(part.model_response_str()) < 700 for part in results] == [True] * 3
    ended = events[-1]
    assert isinstance(ended, Completed)
    assert sum(b"x" * 30_000 in message for message in ended.new_messages) == 3


async def test_a_session_is_compacted_in_the_middle_of_a_turn() -> None:
    small = Small(calls=["dump"] * 4)
    events = await take(small, replace(TURN, tools=Talkative(), transcript=past(10)))
    compacted = [event for event in events if isinstance(event, Compacted)]
    assert len(compacted) == small.summaries >= 1
    assert all(messages_tokens(messages) <= 1500 for messages in small.seen)
    ended = events[-1]
    assert isinstance(ended, Completed)
    assert ended.usage.prompt_tokens > 0


async def test_a_provider_that_takes_less_than_configured_gets_less_and_less() -> None:
    small = Small(most=300)
    await take(small, replace(TURN, transcript=past(10)))
    assert messages_tokens(small.seen[-1]) <= 300


async def test_a_message_that_never_fits_fails_with_what_the_provider_said() -> None:
    request = replace(TURN.request, message=Turn("user", "y" * 9000))
    with pytest.raises(UpstreamFailure, match="too long"):
        await take(Small(most=1500), replace(TURN, request=request))


async def test_what_a_summary_stands_for_is_not_shown_from_the_clients_history() -> None:
    small = Small()
    events = await take(small, replace(TURN, transcript=past(20)))
    (compacted,) = (event for event in events if isinstance(event, Compacted))
    history = tuple(Turn("user", f"{turn} " + "so " * 100) for turn in range(20))
    request = replace(TURN.request, history=(*history, Turn("user", "hi"), Turn("assistant", "?")))
    await take(small, replace(TURN, transcript=compacted.transcript, request=request))
    shown = str(small.seen[-1][-1])
    assert "Assistant: ?" in shown
    assert "so so" not in shown
