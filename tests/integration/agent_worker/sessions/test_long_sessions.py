"""Sessions that outgrow their model's context go on, and lose no fact that was summarised."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from openclaw_common.contracts.run import Turn
from tests.integration.agent_worker.sessions.small_model import QUESTION
from tests.integration.agent_worker.sessions.talk import SESSION, Talk

FACT = "FACT the code is 4711;"
WORDS = "Some words of a user, who has a lot to say about nothing in particular. " * 5


async def test_a_session_goes_on_past_its_models_context_and_on_another_worker(talk: Talk) -> None:
    async with talk.worker("w1"):
        await talk.say(f"Remember: {FACT}")
        for turn in range(30):
            await talk.say(f"{turn}: {WORDS}")
    async with talk.worker("w2"):
        for turn in range(30):
            await talk.say(f"{turn}: {WORDS}")
        assert FACT in await talk.say(QUESTION)
    assert talk.model.summaries >= 3
    assert talk.model.refused == 0
    session, transcript = await talk.store.sessions.read(SESSION)
    assert session.messages == len(transcript) < 60
    assert sum(b"Summary of the conversation" in message for message in transcript) == 1


async def test_the_run_pays_for_the_summaries_that_it_caused(talk: Talk) -> None:
    async with talk.worker():
        summaries, before = 0, 0
        for turn in range(30):
            usage = await talk.usage(f"{turn}: {WORDS}")
            if talk.model.summaries > summaries:
                assert usage.prompt_tokens > talk.model.largest
                return
            assert usage.prompt_tokens > before
            before = usage.prompt_tokens
    raise AssertionError("nothing was summarised")


class TestUnknownContext:
    """The configuration does not say how little the model takes."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"agents": {"defaults": {"model": "fake/other"}}}

    async def test_an_overflow_is_answered_by_a_summary_and_another_request(
        self, talk: Talk
    ) -> None:
        async with talk.worker():
            await talk.say(f"Remember: {FACT}")
            for turn in range(40):
                await talk.say(f"{turn}: {WORDS}")
            assert FACT in await talk.say(QUESTION)
        assert 1 <= talk.model.refused <= talk.model.summaries + 1

    async def test_a_message_that_cannot_fit_fails_its_run_alone(self, talk: Talk) -> None:
        async with talk.worker():
            await talk.say("hello")
            record = await talk.run("word " * 5000)
            assert record.error is not None
            assert (record.error.status, record.error.code) == (400, "context_length_exceeded")
            await talk.say("again")

    async def test_a_clients_own_long_history_loses_its_beginning(self, talk: Talk) -> None:
        history = tuple(Turn("user", f"{turn}: {WORDS}") for turn in range(100))
        async with talk.worker():
            await talk.say("hello", history=history, ephemeral=True, session_key="agent:main:x")
        assert f"{99}: {WORDS}".strip() in str(talk.model.seen[-1])


class TestBrokenSummaries:
    """Nobody can write a summary."""

    async def test_the_oldest_turns_are_left_out_and_no_run_fails(self, talk: Talk) -> None:
        talk.model.broken_summaries = True
        async with talk.worker():
            await talk.say(f"Remember: {FACT}")
            for turn in range(30):
                await talk.say(f"{turn}: {WORDS}")
            assert await talk.say(QUESTION) == "None."
        assert "Older messages were left out" in str(talk.model.seen[-1])
        _, transcript = await talk.store.sessions.read(SESSION)
        assert len(transcript) == 64


class TestWithoutCompaction:
    """compaction.enabled is false."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        defaults = {"model": "fake/small", "compaction": {"enabled": False}}
        return {"agents": {"defaults": defaults}}

    async def test_the_oldest_turns_are_left_out(self, talk: Talk) -> None:
        async with talk.worker():
            for turn in range(30):
                await talk.say(f"{turn}: {WORDS}")
        assert (talk.model.summaries, talk.model.refused) == (0, 0)


class TestFewMessages:
    """runs.transcriptMaxMessages is small."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"runs": {"transcriptMaxMessages": 6}}

    async def test_a_transcript_keeps_its_newest_turns_and_its_summary(self, talk: Talk) -> None:
        async with talk.worker():
            for turn in range(5):
                await talk.say(f"turn {turn}")
            _, transcript = await talk.store.sessions.read(SESSION)
            asked = [orjson.loads(message)["parts"][0]["content"] for message in transcript[::2]]
            assert asked == ["turn 2", "turn 3", "turn 4"]
            await talk.say("word " * 2000)
            await talk.say("after")
            assert talk.model.summaries == 1
            for turn in range(5, 9):
                await talk.say(f"turn {turn}")
        _, transcript = await talk.store.sessions.read(SESSION)
        assert len(transcript) <= 6
        assert b"Summary of the conversation" in transcript[0]
