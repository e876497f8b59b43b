"""`/compact`: a turn that answers nothing and has the session's older messages summarised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from openclaw_agent_worker.agent.conversation import Conversation, Select
from openclaw_agent_worker.agent.model_input import model_parameters
from openclaw_agent_worker.agent.port import AgentEvent, AgentTurn, Completed, TextDelta
from openclaw_agent_worker.agent.usage import total_usage

COMPACTED: Final = "The older part of this conversation is now a summary."
NOTHING: Final = "There is nothing to compact: the conversation is short."
SWITCHED_OFF: Final = "Compaction is switched off here (agents.defaults.compaction.enabled)."


class CompactExecution:
    """An AgentExecution; it leaves no messages, neither the command nor what is said of it."""

    def __init__(self, turn: AgentTurn, select: Select, focus: str) -> None:
        self._on = turn.context.summary_model is not None
        self._focus = focus
        self._conversation = Conversation(turn, select, model_parameters(turn, ()))

    async def events(self) -> AsyncGenerator[AgentEvent, None]:
        """See AgentExecution.events."""
        said = NOTHING if self._on else SWITCHED_OFF
        if self._on:
            async with aclosing(self._conversation.compact(self._focus)) as compacting:
                async for compacted in compacting:
                    said = COMPACTED
                    yield compacted
        yield TextDelta(said)
        yield self._completed("stop")

    def cut(self, reason: str) -> Completed:
        """See AgentExecution.cut."""
        return self._completed("length", reason)

    def _completed(self, finish_reason: str, incomplete_reason: str | None = None) -> Completed:
        usage = total_usage(self._conversation.replies)
        return Completed(finish_reason, usage, incomplete_reason=incomplete_reason)
