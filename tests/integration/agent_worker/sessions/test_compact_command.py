"""`/compact`: the user has the older part of a session summarised."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_agent_worker.agent.compact_command import COMPACTED, NOTHING, SWITCHED_OFF
from openclaw_common.contracts.run import RunStatus, Turn
from tests.integration.agent_worker.sessions.small_model import QUESTION
from tests.integration.agent_worker.sessions.talk import SESSION, Talk

FACT = "FACT the code is 4711;"


@pytest.fixture
def sections() -> dict[str, Any]:
    """A conversation of a few turns is long here."""
    compaction = {"keepRecentTokens": 200}
    defaults = {"model": "fake/small", "systemPrompt": "Be brief.", "compaction": compaction}
    return {"agents": {"defaults": defaults}}


async def long_talk(talk: Talk) -> None:
    await talk.say(f"Remember: {FACT}")
    for turn in range(4):
        await talk.say(f"turn {turn}")


async def test_the_older_part_becomes_a_summary_that_keeps_what_was_said(talk: Talk) -> None:
    async with talk.worker():
        await long_talk(talk)
        before, _ = await talk.store.sessions.read(SESSION)
        assert await talk.say(" /COMPACT the code") == COMPACTED
        after, transcript = await talk.store.sessions.read(SESSION)
        assert after.messages < before.messages
        assert b"Summary of the conversation" in transcript[0]
        assert not any(b"/COMPACT" in message for message in transcript)
        assert FACT in await talk.say(QUESTION)
    assert talk.model.summaries == 1


async def test_what_it_is_to_mind_is_told_to_whoever_writes_it(talk: Talk) -> None:
    async with talk.worker():
        await long_talk(talk)
        await talk.say("/compact names of ships")
    assert "keep above all: names of ships" in talk.model.asked_to_summarise[-1]


async def test_the_run_pays_for_the_summary(talk: Talk) -> None:
    async with talk.worker():
        await long_talk(talk)
        assert (await talk.usage("/compact")).prompt_tokens > 0


async def test_a_short_conversation_stays_as_it_is(talk: Talk) -> None:
    async with talk.worker():
        await talk.say("hi")
        assert await talk.say("/compact") == NOTHING
        assert await talk.say("/compacted is no command") != NOTHING
    assert talk.model.summaries == 0


async def test_a_clients_history_is_read_without_the_command_and_its_answer(talk: Talk) -> None:
    async with talk.worker():
        await talk.say("hi")
        answer = await talk.say("/compact")
        history = (Turn("user", "/compact"), Turn("assistant", answer))
        await talk.say("go on", history=history)
    sent = " ".join(str(message["content"]) for message in talk.model.seen[-1])
    assert "compact" not in sent


async def test_only_a_person_compacts(talk: Talk) -> None:
    async with talk.worker():
        await long_talk(talk)
        await talk.run("/compact", source="hook")
    assert talk.model.summaries == 0


async def test_a_summary_that_cannot_be_written_is_the_commands_error(talk: Talk) -> None:
    async with talk.worker():
        await long_talk(talk)
        talk.model.broken_summaries = True
        record = await talk.run("/compact")
    assert record.status is RunStatus.FAILED
    assert FACT in str(await talk.store.sessions.transcript(SESSION))


class TestSwitchedOff:
    """The configuration wants no summaries."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        off = {"model": "fake/small", "compaction": {"enabled": False}}
        return {"agents": {"defaults": off}}

    async def test_the_user_is_told(self, talk: Talk) -> None:
        async with talk.worker():
            assert await talk.say("/compact") == SWITCHED_OFF
