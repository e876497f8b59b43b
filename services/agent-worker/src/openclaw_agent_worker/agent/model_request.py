"""One model request: its events, tried again for as long as nothing of it was shown."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from openclaw_agent_worker.agent.pieces import Pieces
from openclaw_agent_worker.agent.port import AgentEvent
from openclaw_agent_worker.agent.tool_choice import confirmed, promises_call
from openclaw_agent_worker.models.errors import UpstreamFailure


@dataclass(frozen=True, slots=True)
class Replied:
    """The reply is whole; the last event."""

    reply: ModelResponse


RequestEvent: TypeAlias = AgentEvent | Replied


class Models(Protocol):
    """Where models come from."""

    def model(self, reference: str) -> Model[Any]:
        """Return the model that `provider/model` names. Raises GatewayError."""
        ...


class Retry(Protocol):
    """When a failed request is made again."""

    def delay_s(self, failure: UpstreamFailure, tried: int) -> float | None:
        """Return the wait after `tried` tries, in seconds, or None to give up."""
        ...

    @property
    def sleep(self) -> Callable[[float], Awaitable[None]]:
        """Waits so many seconds."""
        ...


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What is asked of one model."""

    messages: list[ModelMessage]
    settings: ModelSettings
    parameters: ModelRequestParameters
    tool_choice: str
    is_clients: Callable[[str], bool]


async def request_model(
    model: Model[Any], request: ModelRequest, retry: Retry
) -> AsyncGenerator[RequestEvent, None]:
    """Yield the reply as it comes. Raises UpstreamFailure, ToolChoiceUnsatisfied."""
    tried = 0
    while True:
        tried += 1
        shown = False
        events = _events(model, request)
        if promises_call(request.tool_choice):
            events = confirmed(events, request.tool_choice)
        try:
            async with aclosing(events):
                async for event in events:
                    shown = True
                    yield event
            return
        except UpstreamFailure as failure:
            delay_s = None if shown else retry.delay_s(failure, tried)
            if delay_s is None:
                raise
        await retry.sleep(delay_s)


async def _events(model: Model[Any], request: ModelRequest) -> AsyncGenerator[RequestEvent, None]:
    pieces = Pieces(request.is_clients)
    stream = model.request_stream(request.messages, request.settings, request.parameters)
    async with stream as response:
        async for event in response:
            if (mapped := pieces.map(event)) is not None:
                yield mapped
        yield Replied(response.get())
