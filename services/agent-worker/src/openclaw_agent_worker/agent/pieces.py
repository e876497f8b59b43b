"""pydantic-ai's stream events as the port's."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_ai.messages import (
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)

from openclaw_agent_worker.agent.port import (
    AgentEvent,
    ReasoningDelta,
    TextDelta,
    ToolCallPiece,
)


class Pieces:
    """Maps the events of one reply; only calls of tools that `is_clients` names make pieces."""

    def __init__(self, is_clients: Callable[[str], bool]) -> None:
        self._is_clients = is_clients
        self._call_index: dict[int, int] = {}

    def map(self, event: object) -> AgentEvent | None:
        """Return the port's event, None for what makes none."""
        if isinstance(event, PartDeltaEvent):
            return self._delta(event)
        if isinstance(event, PartStartEvent):
            return self._start(event.index, event.part)
        return None

    def replay(self, reply: ModelResponse) -> list[AgentEvent]:
        """Return the events of a whole reply."""
        found = (self._start(index, part) for index, part in enumerate(reply.parts))
        return [event for event in found if event is not None]

    def _delta(self, event: PartDeltaEvent) -> AgentEvent | None:
        delta = event.delta
        if isinstance(delta, TextPartDelta):
            return TextDelta(delta.content_delta) if delta.content_delta else None
        if isinstance(delta, ThinkingPartDelta):
            return ReasoningDelta(delta.content_delta) if delta.content_delta else None
        if isinstance(delta, ToolCallPartDelta) and isinstance(delta.args_delta, str):
            index = self._call_index.get(event.index)
            return None if index is None else ToolCallPiece(index, delta.args_delta)
        return None

    def _start(self, part_index: int, part: object) -> AgentEvent | None:
        if isinstance(part, TextPart):
            return TextDelta(part.content) if part.content else None
        if isinstance(part, ThinkingPart):
            return ReasoningDelta(part.content) if part.content else None
        if isinstance(part, ToolCallPart) and self._is_clients(part.tool_name):
            index = self._call_index.setdefault(part_index, len(self._call_index))
            arguments = part.args_as_json_str() if isinstance(part.args, dict) else part.args or ""
            return ToolCallPiece(index, arguments, part.tool_call_id, part.tool_name)
        return None
