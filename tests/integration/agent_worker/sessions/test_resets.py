"""Sessions start afresh: by command, by rule, and never half."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_agent_worker.agent.session_commands import GREETING
from openclaw_common.contracts.run import RunStatus, Turn
from openclaw_common.store.sessions import Session
from tests.integration.agent_worker.sessions.small_model import QUESTION
from tests.integration.agent_worker.sessions.talk import SESSION, Talk

FACT = "FACT the code is 4711;"
MINUTE_MS = 60_000


async def record(talk: Talk) -> Session:
    session = await talk.store.sessions.get(SESSION)
    assert session is not None
    return session


def last_request(talk: Talk) -> list[str]:
    return [str(message["content"]) for message in talk.model.seen[-1]]


async def age(talk: Talk, minutes: int) -> None:
    """Move what the session remembers of times into the past."""
    session, key = await record(talk), talk.store.keys.session(SESSION)
    for name in ("started_ms", "user_ms"):
        then = getattr(session, name) - minutes * MINUTE_MS
        await talk.store.client.execute("HSET", key, name, then)


async def test_a_bare_command_forgets_and_lets_the_model_greet(talk: Talk) -> None:
    async with talk.worker():
        await talk.say(FACT)
        await talk.say("  /NEW ")
        assert last_request(talk) == ["Be brief.", GREETING]
        assert await talk.say(QUESTION) == "None."
    session = await record(talk)
    assert (session.epoch, session.messages) == (2, 4)


async def test_the_words_behind_a_command_are_the_first_message(talk: Talk) -> None:
    async with talk.worker():
        await talk.say(FACT)
        await talk.say("/reset Who are you?")
        assert last_request(talk) == ["Be brief.", "Who are you?"]
        await talk.say("/newer is not a command")
    assert (await record(talk)).epoch == 2


async def test_a_clients_history_from_before_a_command_is_not_shown_again(talk: Talk) -> None:
    before = (Turn("user", FACT), Turn("assistant", "Noted."))
    async with talk.worker():
        await talk.say(FACT)
        greeting = await talk.say("/new", history=before)
        after = (*before, Turn("user", "/new"), Turn("assistant", greeting))
        assert await talk.say(QUESTION, history=after) == "None."
    assert not any("4711" in text for text in last_request(talk))


async def test_a_command_with_a_model_keeps_it_until_the_next_one(talk: Talk) -> None:
    async with talk.worker():
        await talk.say("/new other Hello there")
        assert last_request(talk)[-1] == "Hello there"
        await talk.say("again")
        assert (await record(talk)).model == "fake/other"
        await talk.say("/new fake/small")
        assert (await record(talk)).model == "fake/small"
        await talk.say("/new")
        assert (await record(talk)).model is None
    assert talk.model.models == ["other", "other", "small", "small"]


class TestAllowedModels:
    """The agent may use one model only."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        defaults = {"model": "fake/small", "allowedModels": ["fake/small"]}
        return {"agents": {"defaults": defaults}}

    async def test_a_model_that_is_not_allowed_resets_nothing(self, talk: Talk) -> None:
        async with talk.worker():
            await talk.say(FACT)
            ended = await talk.run("/new fake/other")
            assert ended.error is not None
            assert ended.error.status == 400
            assert FACT in await talk.say(QUESTION)


@pytest.mark.parametrize("source", ["hook", "sessions_send", "cron"])
async def test_only_people_give_commands(talk: Talk, source: str) -> None:
    async with talk.worker():
        await talk.say(FACT)
        spoken = (await record(talk)).user_ms
        await talk.say("/new", source=source)
        assert FACT in await talk.say(QUESTION, source=source)
    session = await record(talk)
    assert (session.epoch, session.user_ms) == (1, spoken)


async def test_a_command_holds_although_its_run_is_tried_again(talk: Talk) -> None:
    async with talk.worker("w1"):
        await talk.say(FACT)
        talk.model.broken = True
        ended = await talk.run("/new")
        assert ended.status is RunStatus.FAILED
        talk.model.broken = False
        assert await talk.say(QUESTION) == "None."


class TestIdle:
    """session.reset.mode is idle."""

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"session": {"reset": {"mode": "idle", "idleMinutes": 10}}}

    async def test_a_pause_of_the_user_begins_a_new_conversation(self, talk: Talk) -> None:
        async with talk.worker():
            await talk.say(FACT)
            await age(talk, 9)
            assert FACT in await talk.say(QUESTION)
            await age(talk, 11)
            assert await talk.say(QUESTION) == "None."
        assert (await record(talk)).epoch == 2

    async def test_runs_that_no_user_asked_for_do_not_end_the_pause(self, talk: Talk) -> None:
        async with talk.worker():
            await talk.say(FACT)
            await age(talk, 9)
            await talk.say("tick", source="cron")
            await age(talk, 2)
            assert await talk.say(QUESTION) == "None."
