"""The agent's loop over a scripted model and a scripted tool box."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, ToolReturnPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from openclaw_agent_worker.agent.loop import LoopRunner
from openclaw_agent_worker.agent.port import (
    AgentEvent,
    AgentTurn,
    Completed,
    RunLimits,
    StepCompleted,
    TextDelta,
    ToolCallPiece,
    ToolCompleted,
    ToolOutcome,
    ToolSpec,
    ToolStarted,
)
from openclaw_agent_worker.agent.transcript import decode_messages
from openclaw_common.contracts.errors import GatewayError
from openclaw_common.contracts.run import ClientTool, RunRequest, ToolCall, Turn

Answer = str | list[tuple[str, str]]
"""A text, or calls as (tool, arguments)."""

TURN = AgentTurn(
    request=RunRequest("main", "s", "chat", "openclaw", Turn("user", "hi")),
    model="fake/m",
    instructions="",
    transcript=(),
    idle_timeout_s=5,
    idempotency_key="run:1",
)


@dataclass
class Scripted:
    """Gives `answers` one a request, and notes what it was shown."""

    answers: list[Answer]
    seen: list[list[ModelMessage]] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    reference: str = "fake/m"

    def begin(self) -> None: ...

    async def recover(self, failure: GatewayError) -> bool:
        return False

    async def model(self) -> Model[Any]:
        return FunctionModel(stream_function=self._stream)

    async def _stream(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | dict[int, DeltaToolCall]]:
        self.seen.append(list(messages))
        self.offered = [tool.name for tool in info.function_tools]
        answer = self.answers[len(self.seen) - 1]
        if isinstance(answer, str):
            for word in answer.split(" "):
                yield word if word == answer.split(" ")[0] else f" {word}"
            return
        for index, (name, arguments) in enumerate(answer):
            call_id = f"c{len(self.seen)}{index}"
            yield {index: DeltaToolCall(name, arguments, tool_call_id=call_id)}


@dataclass
class Box:
    """Two tools: `slow` answers only after `quick` has."""

    called: list[tuple[str, str]] = field(default_factory=list)
    quick: asyncio.Event = field(default_factory=asyncio.Event)

    def specs(self) -> Sequence[ToolSpec]:
        return [ToolSpec(name, "", {"type": "object"}) for name in ("slow", "quick")]

    async def call(self, call: ToolCall, place: str) -> ToolOutcome:
        self.called.append((call.name, place))
        if call.name == "slow":
            await self.quick.wait()
        self.quick.set()
        return ToolOutcome(f"{call.name} said {call.arguments}", is_error=call.name == "bad")


async def take(scripted: Scripted, turn: AgentTurn) -> list[AgentEvent]:
    runner = LoopRunner(lambda _: scripted)
    async with asyncio.timeout(5):
        return [event async for event in runner.start(turn).events()]


def end_of(events: list[AgentEvent]) -> Completed:
    assert isinstance(events[-1], Completed)
    return events[-1]


def text_of(events: list[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_tools_run_at_once_and_their_results_keep_the_order_of_the_calls() -> None:
    scripted, box = Scripted([[("slow", "{}"), ("quick", "{}")], "all done"]), Box()
    events = await take(scripted, replace(TURN, tools=box))
    kinds = [type(event) for event in events[:5]]
    assert kinds == [StepCompleted, ToolStarted, ToolStarted, ToolCompleted, ToolCompleted]
    assert {e.name for e in events if isinstance(e, ToolCompleted)} == {"quick", "slow"}
    returns = [part for part in scripted.seen[1][-1].parts if isinstance(part, ToolReturnPart)]
    assert [part.content for part in returns] == ["slow said {}", "quick said {}"]
    assert text_of(events) == "all done"
    assert box.called == [("slow", "1.1"), ("quick", "1.2")]


async def test_the_transcript_keeps_every_step() -> None:
    scripted = Scripted([[("quick", "{}")], "done"])
    messages = decode_messages(
        end_of(await take(scripted, replace(TURN, tools=Box()))).new_messages
    )
    assert [message.kind for message in messages] == ["request", "response", "request", "response"]


async def test_calls_of_the_clients_tools_end_the_turn_after_ours_have_run() -> None:
    scripted, box = Scripted([[("quick", "{}"), ("theirs", '{"a":1}')]]), Box()
    request = replace(TURN.request, tools=(ClientTool("theirs"),))
    events = await take(scripted, replace(TURN, request=request, tools=box))
    assert scripted.offered == ["slow", "quick", "theirs"]
    assert box.called == [("quick", "1.1")]
    pieces = [event for event in events if isinstance(event, ToolCallPiece)]
    assert [(piece.index, piece.name) for piece in pieces] == [(0, "theirs")]
    end = end_of(events)
    assert end.finish_reason == "tool_calls"
    assert [call.name for call in end.tool_calls] == ["theirs"]
    messages = decode_messages(end.new_messages)
    assert isinstance(messages[1], ModelResponse)
    assert len(messages[1].parts) == 2
    assert len(messages) == 3


async def test_a_tool_that_nobody_has_is_answered_and_not_shown_to_the_client() -> None:
    scripted = Scripted([[("bad", "{}")], "sorry"])
    events = await take(scripted, replace(TURN, tools=Box()))
    assert [event for event in events if isinstance(event, ToolCallPiece)] == []
    assert [e.is_error for e in events if isinstance(e, ToolCompleted)] == [True]
    assert text_of(events) == "sorry"


async def test_a_clients_tool_hides_ours_of_the_same_name() -> None:
    scripted, box = Scripted([[("quick", "{}")]]), Box()
    request = replace(TURN.request, tools=(ClientTool("quick"),))
    end = end_of(await take(scripted, replace(TURN, request=request, tools=box)))
    assert (end.finish_reason, box.called) == ("tool_calls", [])


async def test_a_promised_call_of_the_clients_tools_leaves_ours_out() -> None:
    scripted = Scripted([[("theirs", "{}")]])
    request = replace(TURN.request, tools=(ClientTool("theirs"),), tool_choice="required")
    await take(scripted, replace(TURN, request=request, tools=Box()))
    assert scripted.offered == ["theirs"]


async def test_the_choice_of_none_leaves_the_clients_tools_out() -> None:
    scripted = Scripted(["fine"])
    request = replace(TURN.request, tools=(ClientTool("theirs"),), tool_choice="none")
    await take(scripted, replace(TURN, request=request, tools=Box()))
    assert scripted.offered == ["slow", "quick"]


async def test_each_limit_ends_the_turn_with_its_name_before_the_tools_run() -> None:
    for limits, reason in (
        (RunLimits(max_steps=2), "max_steps"),
        (RunLimits(max_tool_calls=1), "max_tool_calls"),
        (RunLimits(max_tokens=1), "max_tokens"),
    ):
        scripted, box = Scripted([[("quick", "{}")]] * 3), Box()
        end = end_of(await take(scripted, replace(TURN, tools=box, limits=limits)))
        assert (end.finish_reason, end.incomplete_reason) == ("length", reason)
        assert len(box.called) == (0 if reason == "max_tokens" else 1)


async def test_a_recorded_step_is_said_again_and_not_asked_for_again() -> None:
    first = Scripted(["well then", "never"])
    scripted = Scripted([[("quick", "{}")], "all done"])
    recorded = [
        event.reply
        for event in await take(scripted, replace(TURN, tools=Box()))
        if isinstance(event, StepCompleted)
    ]
    events = await take(first, replace(TURN, tools=Box(), recorded=recorded))
    assert not any(isinstance(event, StepCompleted) for event in events)
    assert [type(event) for event in events[:2]] == [ToolStarted, ToolCompleted]
    assert text_of(events) == "well then"
    assert len(first.seen) == 1


async def test_text_that_was_published_is_given_to_the_model_to_go_on_from() -> None:
    scripted = Scripted([" and so on"])
    events = await take(scripted, replace(TURN, published="It began"))
    assert text_of(events) == "It began and so on"
    last = scripted.seen[0][-1]
    assert isinstance(last, ModelResponse)
    assert last.text == "It began"
    said = decode_messages(end_of(events).new_messages)[-1]
    assert isinstance(said, ModelResponse)
    assert said.text == "It began and so on"


async def test_a_turn_that_is_cut_keeps_what_was_said() -> None:
    scripted = Scripted(["one two three"])
    runner = LoopRunner(lambda _: scripted)
    execution = runner.start(TURN)
    events = execution.events()
    await anext(events)
    await anext(events)
    await events.aclose()
    end = execution.cut("timeout")
    said = decode_messages(end.new_messages)[-1]
    assert isinstance(said, ModelResponse)
    assert (said.text, end.incomplete_reason) == ("one two", "timeout")
