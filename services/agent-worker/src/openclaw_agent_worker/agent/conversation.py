"""The messages of one turn's model requests, kept within what the model takes.

Where they near its context, or the provider says that they exceed it, a summary takes the place of
the session's older messages. What does not fit even so is left out of the request alone: the middle
of large tool results, then the oldest messages. The user's own words are never shortened.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from openclaw_agent_worker.agent.compaction import (
    fitted,
    recent,
    summary_message,
    summary_text,
    trimmed,
    with_short_parts,
    with_short_results,
    with_summary,
)
from openclaw_agent_worker.agent.model_input import user_message
from openclaw_agent_worker.agent.model_request import ModelRequest as Request
from openclaw_agent_worker.agent.model_request import (
    Replied,
    RequestEvent,
    Selection,
    request_model,
)
from openclaw_agent_worker.agent.port import AgentTurn, Compacted
from openclaw_agent_worker.agent.prompt import (
    render_prompt,
    render_turn,
    unknown_turns,
)
from openclaw_agent_worker.agent.summary import summarise, with_focus
from openclaw_agent_worker.agent.tokens import (
    MESSAGE_TOKENS,
    json_tokens,
    message_tokens,
    messages_tokens,
    text_tokens,
)
from openclaw_agent_worker.agent.transcript import (
    decode_messages,
    encode_messages,
    known_turns,
    paired,
    turn_message,
)
from openclaw_agent_worker.models.errors import CONTEXT_OVERFLOW
from openclaw_common.contracts.errors import GatewayError
from openclaw_common.contracts.run import Turn

logger = logging.getLogger(__name__)

MOST_OVERFLOWS: Final = 4
"""Requests that the provider may refuse as too large, each answered by half as much."""
RESULT_SHARE: Final = 8
"""One tool result gets at most this part of what is sent, where not everything fits."""

Ask = Callable[[list[ModelMessage]], AsyncGenerator[RequestEvent, None]]
Select = Callable[[Sequence[str]], Selection]


class Conversation:
    """What the session holds, and the message of this turn; `select` gives models for summaries."""

    def __init__(self, turn: AgentTurn, select: Select, parameters: ModelRequestParameters) -> None:
        self._turn = turn
        self._select = select
        self._limits = turn.context
        self._stored = len(turn.transcript or ())
        self._keep(decode_messages(turn.transcript) if turn.transcript else [])
        unknown = unknown_turns(turn.request.history, known_turns(self._past))
        self._missing = unknown.missing
        summarised = with_summary(self._past)[0] is not None
        # What a summary stands for is not shown beside it.
        self._context = self._missing if summarised else unknown.earlier + unknown.missing
        self._prompt = self._with(self._context)
        self._budget = turn.context.window - turn.context.reserve
        self._fixed = _parameters_tokens(parameters)
        self._summaries = turn.context.summary_model is not None
        self.replies: list[ModelResponse] = []
        """What the model answered when it was asked for summaries."""

    async def request(
        self, said: Sequence[ModelMessage], ask: Ask
    ) -> AsyncGenerator[RequestEvent, None]:
        """Ask with the session's messages, this turn's and `said`; yields as `ask` does.

        A `Compacted` comes before where the transcript became another one. Raises GatewayError.
        """
        overflows = 0
        while True:
            async with aclosing(self._compact(said)) as compacting:
                async for compacted in compacting:
                    yield compacted
            messages = self._fitted(said)
            shown = False
            try:
                async with aclosing(ask(messages)) as events:
                    async for event in events:
                        shown = True
                        yield event
                return
            except GatewayError as failure:
                overflows += 1
                if shown or failure.body.code != CONTEXT_OVERFLOW or overflows > MOST_OVERFLOWS:
                    raise
                sent = self._fixed + messages_tokens(messages)
                self._budget = min(self._budget, sent) // 2
                if not self._can_shrink(messages, said):
                    raise
                logger.info("context_overflow", extra={"tokens_sent": sent})

    def new_messages(self, said: Sequence[ModelMessage]) -> tuple[bytes, ...]:
        """Return what the transcript grows by when the turn ends with `said`."""
        if self._turn.transcript is None:
            return ()
        request = self._turn.request
        turns = [turn_message(missing) for missing in self._missing]
        return encode_messages([*turns, turn_message(request.message, request.images), *said])

    def excess(self, added: int) -> tuple[int, tuple[bytes, ...]]:
        """Return how many stored messages go when `added` come, and what comes in their place."""
        if self._stored != len(self._past):
            return max(0, self._stored + added - self._limits.messages), ()
        gone = trimmed(self._past, max(0, self._limits.messages - added))
        summary, start = with_summary(self._past)
        if not gone or summary is None:
            return gone, ()
        return gone + start, encode_messages([summary])

    def _keep(self, past: list[ModelMessage]) -> None:
        self._past, self._size, self._paired = past, messages_tokens(past), paired(past)

    # ---- what is sent

    def _with(self, context: Sequence[Turn]) -> ModelRequest:
        request = self._turn.request
        return user_message(render_prompt(request.message, context), request.images)

    def _fitted(self, said: Sequence[ModelMessage]) -> list[ModelMessage]:
        prompt = self._prompt
        room = self._budget - self._fixed - message_tokens(prompt)
        if self._size + messages_tokens(said) <= room:
            return [*self._paired, prompt, *said]
        said = list(with_short_results(said, max(self._budget // RESULT_SHARE, 1)))
        room -= messages_tokens(said)
        if room < 0 and self._context:
            prompt = self._with(self._newest(room))
            room = self._budget - self._fixed - message_tokens(prompt) - messages_tokens(said)
        past = with_short_parts(self._past, max(self._budget // RESULT_SHARE, 1))
        return [*paired(fitted(list(past), max(room, 0))), prompt, *said]

    def _newest(self, lacking: int) -> Sequence[Turn]:
        """Return the newest of the client's turns, without as many as `lacking` tokens are in."""
        turns = list(self._context)
        while turns and lacking < 0:
            lacking += text_tokens(render_turn(turns.pop(0)))
        return turns

    def _can_shrink(self, sent: Sequence[ModelMessage], said: Sequence[ModelMessage]) -> bool:
        return self._fitted(said) != sent

    # ---- summaries

    async def compact(self, focus: str) -> AsyncGenerator[Compacted, None]:
        """Summarise now whatever need not stay word for word, minding `focus`.

        Yields nothing where there is no such thing. Raises GatewayError.
        """
        length = self._summary_length
        keep = min(self._limits.keep_recent, max(0, self._budget - self._fixed - length) // 2)
        if (compacted := await self._summarised(keep, focus)) is not None:
            yield compacted

    async def _compact(self, said: Sequence[ModelMessage]) -> AsyncGenerator[Compacted, None]:
        used = self._fixed + message_tokens(self._prompt) + messages_tokens(said)
        room = self._budget - used
        if not self._summaries or self._size <= room:
            return
        keep = min(self._limits.keep_recent, max(0, room - self._summary_length) // 2)
        try:
            compacted = await self._summarised(keep)
        except GatewayError as failure:
            # The run goes on without the oldest messages; the next one tries again.
            self._summaries = False
            logger.warning("compaction_failed", extra={"error": failure.body.message})
            return
        if compacted is not None:
            yield compacted

    @property
    def _summary_length(self) -> int:
        return min(self._limits.summary, self._budget // 8)

    async def _summarised(self, keep: int, focus: str = "") -> Compacted | None:
        """Put a summary in place of all but the newest `keep` tokens; None where all may stay."""
        summary, start = with_summary(self._past)
        past = list(with_short_parts(self._past[start:], max(keep // 2, 1)))
        kept = recent(past, keep)
        head = self._past[:start]
        if kept:
            older = self._past[start : start + kept]
            head = [summary_message(await self._summary(summary, older, focus))]
        elif past == self._past[start:]:
            return None
        self._keep([*head, *past[kept:]])
        self._stored = len(self._past)
        logger.info("session_compacted", extra={"messages": kept, "kept": len(past) - kept})
        return Compacted(encode_messages(self._past))

    async def _summary(
        self, summary: ModelMessage | None, messages: Sequence[ModelMessage], focus: str
    ) -> str:
        previous, length = summary_text(summary) if summary else "", self._summary_length
        instructions = with_focus(focus)
        window = min(self._limits.summary_window, self._budget + self._limits.reserve)
        room = window - length - text_tokens(instructions) - 4 * MESSAGE_TOKENS
        turn = self._turn
        references = (self._limits.summary_model or turn.model, turn.model, *turn.fallbacks)
        selection = self._select(references)

        async def ask(prompt: str) -> str:
            number = len(self.replies) + 1
            settings = self._summary_settings(length, number)
            reply = await _reply(selection, instructions, prompt, settings)
            self.replies.append(reply)
            return "".join(part.content for part in reply.parts if isinstance(part, TextPart))

        return await summarise(ask, previous, messages, room=room, length=length)

    def _summary_settings(self, length: int, number: int) -> ModelSettings:
        key = f"{self._turn.idempotency_key}:summary:{number}"
        return ModelSettings(
            max_tokens=length,
            timeout=self._turn.idle_timeout_s,
            extra_headers={"Idempotency-Key": key},
        )


async def _reply(
    selection: Selection, instructions: str, prompt: str, settings: ModelSettings
) -> ModelResponse:
    request = Request(
        messages=[ModelRequest(parts=[UserPromptPart(prompt)])],
        settings=settings,
        parameters=ModelRequestParameters(instruction_parts=[InstructionPart(instructions)]),
        tool_choice="auto",
        is_clients=lambda _: True,
    )
    reply = ModelResponse(parts=[])
    async with aclosing(request_model(selection, lambda _: request)) as events:
        async for event in events:
            if isinstance(event, Replied):
                reply = event.reply
    return reply


def _parameters_tokens(parameters: ModelRequestParameters) -> int:
    instructions = sum(text_tokens(part.content) for part in parameters.instruction_parts or ())
    tools = (
        MESSAGE_TOKENS
        + text_tokens(tool.name + (tool.description or ""))
        + json_tokens(tool.parameters_json_schema)
        for tool in parameters.function_tools
    )
    return MESSAGE_TOKENS + instructions + sum(tools)
