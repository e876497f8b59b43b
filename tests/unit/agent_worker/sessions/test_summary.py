"""Summaries of histories that are larger than one request."""

from __future__ import annotations

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

from openclaw_agent_worker.agent.summary import MAX_REQUESTS, PREVIOUS, summarise
from openclaw_agent_worker.agent.tokens import text_tokens
from openclaw_agent_worker.models.errors import CONTEXT_OVERFLOW, UpstreamFailure
from openclaw_common.contracts.errors import ErrorBody, GatewayError


class Writer:
    """Answers with the words that start with `fact`, and takes prompts of `most` tokens."""

    def __init__(self, most: int = 1_000_000, answer: str | None = None) -> None:
        self.most = most
        self.answer = answer
        self.prompts: list[str] = []

    async def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if text_tokens(prompt) > self.most:
            raise UpstreamFailure(ErrorBody(400, "x", "too long", CONTEXT_OVERFLOW))
        if self.answer is not None:
            return self.answer
        return " ".join(word for word in prompt.split() if word.startswith("fact"))


def talk(turns: int) -> list[ModelMessage]:
    out: list[ModelMessage] = []
    for turn in range(turns):
        out.append(ModelRequest(parts=[UserPromptPart(f"fact{turn} " + "so " * 100)]))
        out.append(ModelResponse(parts=[TextPart("noted")]))
    return out


async def test_a_long_history_is_summarised_piece_by_piece_with_what_came_before() -> None:
    writer = Writer()
    summary = await summarise(writer.ask, "fact-old", talk(20), room=1500, length=200)
    assert summary.split() == ["fact-old", *(f"fact{turn}" for turn in range(20))]
    assert 2 <= len(writer.prompts) <= MAX_REQUESTS
    assert all(PREVIOUS in prompt for prompt in writer.prompts)


async def test_of_an_endless_history_the_middle_is_left_out() -> None:
    writer = Writer()
    summary = await summarise(writer.ask, "", talk(200), room=1500, length=200)
    assert len(writer.prompts) == MAX_REQUESTS
    assert {"fact0", "fact199"} <= set(summary.split())


async def test_a_request_that_is_too_long_after_all_is_made_smaller() -> None:
    writer = Writer(most=1000)
    summary = await summarise(writer.ask, "", talk(20), room=4000, length=100)
    assert {"fact0", "fact19"} <= set(summary.split())


async def test_a_model_that_takes_nothing_or_says_nothing_gives_no_summary() -> None:
    with pytest.raises(GatewayError, match="too long"):
        await summarise(Writer(most=1).ask, "", talk(3), room=4000, length=100)
    with pytest.raises(GatewayError, match="empty"):
        await summarise(Writer(answer=" \n").ask, "", talk(3), room=4000, length=100)
