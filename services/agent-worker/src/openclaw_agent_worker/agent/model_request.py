"""One model request: its events, tried again for as long as nothing of it was shown."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from openclaw_agent_worker.agent.model_span import ModelSpan
from openclaw_agent_worker.agent.pieces import Pieces
from openclaw_agent_worker.agent.port import AgentEvent
from openclaw_agent_worker.agent.tool_choice import confirmed, promises_call
from openclaw_common.contracts.errors import GatewayError


@dataclass(frozen=True, slots=True)
class Replied:
    """The reply is whole; the last event."""

    reply: ModelResponse


RequestEvent: TypeAlias = AgentEvent | Replied


class Selection(Protocol):
    """The models that may answer."""

    @property
    def reference(self) -> str:
        """The model that is asked now, as `provider/model`."""
        ...

    def begin(self) -> None:
        """Begin another request."""
        ...

    async def model(self) -> Model[Any]:
        """Return the model to ask. Raises GatewayError."""
        ...

    async def recover(self, failure: GatewayError) -> bool:
        """Wait, or move on to the next model; False when nothing is left to try."""
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
    selection: Selection, prepare: Callable[[str], ModelRequest]
) -> AsyncGenerator[RequestEvent, None]:
    """Yield the reply as it comes. Raises GatewayError, ToolChoiceUnsatisfied among them.

    `prepare` returns what a model is asked, given its `provider/model`.
    """
    selection.begin()
    while True:
        shown = False
        event: RequestEvent | None = None
        model = await selection.model()
        request = prepare(selection.reference)
        span = ModelSpan(selection.reference, request.messages)
        events = _events(model, request)
        if promises_call(request.tool_choice):
            events = confirmed(events, request.tool_choice)
        try:
            async with aclosing(events):
                async for event in events:
                    if not shown:
                        shown = True
                        span.first_chunk()
                    yield event
            if isinstance(event, Replied):
                span.replied(event.reply)
            return
        except GatewayError as failure:
            span.failed(failure)
            span.end()
            if shown or not await selection.recover(failure):
                raise
        finally:
            span.end()


async def _events(model: Model[Any], request: ModelRequest) -> AsyncGenerator[RequestEvent, None]:
    pieces = Pieces(request.is_clients)
    stream = model.request_stream(request.messages, request.settings, request.parameters)
    async with stream as response:
        async for event in response:
            if (mapped := pieces.map(event)) is not None:
                yield mapped
        yield Replied(response.get())
