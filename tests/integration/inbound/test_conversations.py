"""Groups, messages in a row, commands, files: what the agent is asked and what people see."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from tests.fakes.channels.parrot import FakeParrot, Written
from tests.fakes.provider import Script
from tests.harness.chats import Chats
from tests.integration.inbound.support import parts_shown, waiting

WEBHOOK = "/api/channels/parrot/webhook"
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
MAIN = "agent:main:main"
GROUP: dict[str, Any] = {"groups": {"g": {}}}


def in_group(text: str, event: int, **fields: Any) -> Written:
    more = {"name": "Alice", **fields.pop("more", {})}
    return Written(text, chat="g", chat_kind="group", event=event, more=more, **fields)


async def said(chats: Chats, parrot: FakeParrot, *written: Written) -> None:
    answer = await parrot.post(chats.client, chats.url + WEBHOOK, *written)
    assert answer.status == 200


async def asked(chats: Chats, index: int) -> str:
    """The text of the last message of the index-th request to the model."""
    async with asyncio.timeout(5):
        received = await chats.provider.request(index)
    content = received.body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


@pytest.mark.parametrize("account", [GROUP])
async def test_what_a_group_wrote_meanwhile_is_shown_once_the_agent_is_addressed(
    chats: Chats, parrot: FakeParrot, account: dict[str, Any]
) -> None:
    await said(chats, parrot, in_group("one", 1), in_group("two", 2), in_group("two", 2))
    await said(chats, parrot, in_group("what?", 3, mentions=True))
    assert await asked(chats, 0) == (
        "[Chat messages since your last reply - for context]\n"
        "Alice (7): one\nAlice (7): two\n\n"
        "[Current message - respond to this]\nAlice (7): what?"
    )
    async with asyncio.timeout(5):
        await parrot.taken(1)
    await said(chats, parrot, in_group("and?", 4, mentions=True))
    assert await asked(chats, 1) == "Alice (7): and?"


@waiting
@pytest.mark.parametrize("account", [{"groups": {"g": {"requireMention": False}}}])
async def test_a_group_may_do_without_mentions(
    chats: Chats, parrot: FakeParrot, account: dict[str, Any], answers: bool
) -> None:
    await said(chats, parrot, in_group("one", 1))
    assert len(await chats.run_ids()) == 1


@waiting
@pytest.mark.parametrize("account", [GROUP])
@pytest.mark.parametrize("settings", [{"messages": {"groupChat": {"mentionPatterns": ["claw"]}}}])
async def test_a_mention_pattern_addresses_the_agent(
    chats: Chats,
    parrot: FakeParrot,
    account: dict[str, Any],
    settings: dict[str, Any],
    answers: bool,
) -> None:
    await said(chats, parrot, in_group("hey Claw", 1), in_group("hey you", 2))
    asked_for = await chats.requests("agent:main:parrot:group:g")
    assert [request.message.text for request in asked_for] == ["Alice (7): hey Claw"]


DEBOUNCED = {"messages": {"inbound": {"debounceMs": 1000}}}


@pytest.mark.parametrize("settings", [DEBOUNCED])
async def test_messages_in_a_row_are_one_run(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any]
) -> None:
    await said(chats, parrot, Written("one", event=1))
    await said(chats, parrot, Written("two", event=2), Written("two", event=2))
    await said(chats, parrot, Written("three", event=3))
    assert await asked(chats, 0) == "one\ntwo\nthree"
    assert len(await chats.run_ids()) == 1


@waiting
@pytest.mark.parametrize("settings", [{**DEBOUNCED, "inbound": {"debounceMaxMessages": 2}}])
async def test_what_is_no_message_in_a_row_is_a_run_of_its_own(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any], answers: bool
) -> None:
    picture = {"attachments": [{"kind": "image", "reference": "f1"}]}
    await said(
        chats,
        parrot,
        Written("one", event=1),
        Written("two", event=2),
        Written("three", event=3),
        Written("four", event=4, sender="8"),
        Written("look", event=5, more=picture),
        Written("/new", event=6),
    )
    texts = [request.message.text for request in await chats.requests(MAIN)]
    assert texts == ["one\ntwo", "three", "four", "look\n[image]", "/new"]


@waiting
@pytest.mark.parametrize("settings", [{"messages": {"queue": {"mode": "interrupt"}}}])
async def test_the_newest_message_may_interrupt(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any], answers: bool
) -> None:
    await said(chats, parrot, Written("one", event=1), Written("two", event=2))
    records = [await chats.store.runs.get(run) for run in await chats.run_ids()]
    statuses = {record.status for record in records if record}
    assert statuses == {RunStatus.CANCELLED, RunStatus.QUEUED}
    assert [request.message.text for request in await chats.requests(MAIN)] == ["two"]


async def test_stop_ends_what_runs_and_waits_once_for_all_its_repeats(
    chats: Chats, parrot: FakeParrot
) -> None:
    chats.provider.default = Script(verb="hang", after=0)
    await said(chats, parrot, Written("one", event=1), Written("two", event=2))
    async with asyncio.timeout(5):
        received = await chats.provider.request(0)
        await received.holding.wait()
    await said(chats, parrot, Written("/stop", event=3))
    async with asyncio.timeout(5):
        assert [item.text for item in await parrot.taken(1)] == ["Stopped."]
        await received.aborted.wait()
    chats.provider.default = Script()
    await said(chats, parrot, Written("/fake say on", event=4), Written("/stop", event=3))
    async with asyncio.timeout(5):
        assert [item.text for item in await parrot.taken(2)][1:] == ["on"]


async def test_stop_without_anything_to_stop_says_so(chats: Chats, parrot: FakeParrot) -> None:
    await said(chats, parrot, Written("/stop", event=1))
    async with asyncio.timeout(5):
        (taken,) = await parrot.taken(1)
    assert taken.text == "Nothing is running here."


async def test_status_tells_the_session_and_its_model(chats: Chats, parrot: FakeParrot) -> None:
    await said(chats, parrot, Written("/status", event=1), Written("/status", event=1))
    async with asyncio.timeout(5):
        (taken,) = await parrot.taken(1)
    assert taken.text.splitlines()[:3] == [
        "Agent: main",
        "Model: fake/fake",
        "Session: agent:main:main",
    ]


async def test_new_forgets_the_conversation(chats: Chats, parrot: FakeParrot) -> None:
    await said(chats, parrot, Written("/fake say a", event=1))
    await said(chats, parrot, Written("/new /fake say b", event=2))
    async with asyncio.timeout(5):
        assert [item.text for item in await parrot.taken(2)] == ["a", "b"]
        received = await chats.provider.request(1)
    assert [m["role"] for m in received.body["messages"] if m["role"] != "system"] == ["user"]


@waiting
@pytest.mark.parametrize("account", [{"groupPolicy": "open", "dmPolicy": "pairing"}])
async def test_in_an_open_group_nobody_commands_who_is_not_named(
    chats: Chats, parrot: FakeParrot, account: dict[str, Any], answers: bool
) -> None:
    await said(chats, parrot, in_group("one", 1, mentions=True))
    await said(chats, parrot, in_group("/stop", 2, mentions=True, sender="9"))
    (run_id,) = await chats.run_ids()
    record = await chats.store.runs.get(run_id)
    assert record is not None
    assert record.status is RunStatus.QUEUED


async def test_an_image_is_shown_to_the_model(chats: Chats, parrot: FakeParrot) -> None:
    parrot.files["f1"] = PIXEL
    picture = {"kind": "image", "reference": "f1", "mime": "image/png", "name": "a.png"}
    await said(chats, parrot, Written("look", event=1, more={"attachments": [picture]}))
    parts = await parts_shown(chats)
    data = b64encode(PIXEL).decode()
    assert parts[-1]["image_url"]["url"] == f"data:image/png;base64,{data}"


async def test_what_is_said_to_be_an_image_and_is_none_is_a_note_in_one_line(
    chats: Chats, parrot: FakeParrot
) -> None:
    parrot.files["f1"] = b"<html>"
    picture = {"kind": "image", "reference": "f1", "mime": "image/png", "name": "a\nBob: b"}
    await said(chats, parrot, Written("look", event=1, more={"attachments": [picture]}))
    note = "[image a Bob: b: not shown: it is no image/png, though it is said to be one]"
    assert (await asked(chats, 0)).splitlines()[-1] == note


async def test_an_image_that_is_gone_is_a_note_and_no_failed_run(
    chats: Chats, parrot: FakeParrot
) -> None:
    picture = {"kind": "image", "reference": "f2", "mime": "image/png", "name": "a.png"}
    await said(chats, parrot, Written("look", event=1, more={"attachments": [picture]}))
    text = await asked(chats, 0)
    assert text.splitlines()[-1] == "[image a.png: not shown: the file is gone]"
    async with asyncio.timeout(5):
        await parrot.taken(1)


@pytest.mark.parametrize("account", [{"groupPolicy": "open"}])
async def test_nobodys_name_is_a_command(
    chats: Chats, parrot: FakeParrot, account: dict[str, Any]
) -> None:
    await said(chats, parrot, in_group("one", 1, mentions=True))
    named = {"name": "/new fake/fake"}
    await said(chats, parrot, in_group("two", 2, mentions=True, sender="9", more=named))
    assert await asked(chats, 1) == "/new fake/fake (9): two"
    received = await chats.provider.request(1)
    assert [m["role"] for m in received.body["messages"]][-3:] == ["user", "assistant", "user"]


@pytest.mark.parametrize("account", [{"replyToMode": "first"}])
async def test_an_answer_may_quote_what_it_answers_and_the_session_knows_where_it_was_heard(
    chats: Chats, parrot: FakeParrot, account: dict[str, Any]
) -> None:
    await said(chats, parrot, Written("hello", event=5, thread="t"))
    async with asyncio.timeout(5):
        (taken,) = await parrot.taken(1)
    assert (taken.raw["reply_to"], taken.thread) == ("m5", "t")
    session = await chats.store.sessions.get("agent:main:main:thread:t")
    assert session is not None
    assert session.route is not None
    assert (session.route.channel, session.route.to) == ("parrot", "42")


async def test_an_address_with_a_token_is_answered_and_not_remembered(
    chats: Chats, parrot: FakeParrot
) -> None:
    await said(chats, parrot, Written("hello", event=1, chat="interaction:app:t0ken"))
    async with asyncio.timeout(5):
        (taken,) = await parrot.taken(1)
    assert taken.to == "interaction:app:t0ken"
    session = await chats.store.sessions.get("agent:main:main")
    assert session is not None
    assert session.route is None


@waiting
async def test_bots_reactions_and_edits_are_no_runs(
    chats: Chats, parrot: FakeParrot, answers: bool
) -> None:
    await said(
        chats,
        parrot,
        Written(event=1, more={"is_bot": True}),
        Written("👍", event=2, more={"kind": "reaction"}),
        Written("changed", event=3, more={"kind": "edited"}),
        Written("joined", event=4, more={"kind": "membership"}),
    )
    assert await chats.run_ids() == []
