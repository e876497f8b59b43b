"""discord.py, unchanged, against a gateway on this host."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from openclaw_channels.base import ChannelContext
from openclaw_channels.discord import PLUGIN
from openclaw_channels.inbound import Receiver, ReceiverFailure
from openclaw_common.contracts.errors import StoreUnavailable
from tests.fakes.channels.discord import BOT_ID, TOKEN, FakeDiscord, Place
from tests.integration.channels.receiving import Taken, failure_of, receiving
from tests.integration.channels.trials import account

Make = Callable[..., Receiver | None]


@pytest.fixture
def make(discord: FakeDiscord, context: ChannelContext) -> Make:
    def make(**settings: object) -> Receiver | None:
        own = {"token": TOKEN, "apiRoot": discord.base_url, **settings}
        assert PLUGIN.receiver is not None
        return PLUGIN.receiver(account("discord", **own), context)

    return make


async def ready(discord: FakeDiscord, taken: Taken, sessions: int = 1) -> None:
    async with asyncio.timeout(10):
        await discord.gateway.connected(sessions)
    await taken.settled()


async def test_messages_of_servers_threads_and_people_come_in(
    discord: FakeDiscord, make: Make
) -> None:
    discord.places["300"] = Place("300", "a thread", kind=11, parent="100")
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.write("in a channel", "100")
        await discord.write("in a thread", "300")
        await discord.write("directly", "742")
        channel, thread, direct = await taken.wait(3)
    assert (channel.chat_kind, channel.chat_id, channel.to) == ("channel", "100", "channel:100")
    assert (channel.guild_id, channel.chat_name, channel.thread_id) == ("1", "general", None)
    assert (thread.chat_id, thread.thread_id, thread.to) == ("100", "300", "channel:100")
    assert (direct.chat_kind, direct.chat_id, direct.guild_id) == ("direct", "742", None)
    assert (direct.sender.id, direct.sender.name, channel.sender.roles) == ("42", "User42", ("5",))


async def test_a_mention_is_of_us_by_name_by_role_and_by_reply(
    discord: FakeDiscord, make: Make
) -> None:
    ours = {"id": "1000001", "author": {"id": BOT_ID}, "content": "Hello there"}
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.write(f"<@{BOT_ID}> what is <@43> up to?")
        await discord.write(f"<@!{BOT_ID}> hi")
        await discord.write("<@&77> hi", mention_roles=["77"])
        await discord.write("and?", type=19, referenced_message=ours)
        await discord.write("<@43> hi")
        said = await taken.wait(5)
    assert [message.mentions_me for message in said] == [True, True, True, True, False]
    assert said[0].text == "what is @User43 up to?"
    assert said[1].text == "hi"
    assert said[3].reply_text == "Hello there"


async def test_files_edits_and_reactions_to_us_are_told(discord: FakeDiscord, make: Make) -> None:
    file = {"id": "1", "filename": "cat.png", "content_type": "image/png", "size": 4}
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        said = await discord.write("look", attachments=[{**file, "url": "https://cdn.test/cat"}])
        edit = {**said, "content": "look!", "edited_timestamp": "2026-01-01T00:00:00+00:00"}
        await discord.gateway.dispatch("MESSAGE_UPDATE", said)
        await discord.gateway.dispatch("MESSAGE_UPDATE", edit)
        reaction = {"user_id": "42", "channel_id": "100", "guild_id": "1", "message_id": "5"}
        emoji = {"emoji": {"id": None, "name": "👍"}}
        for author in ("42", BOT_ID):
            told = {**reaction, **emoji, "message_author_id": author}
            await discord.gateway.dispatch("MESSAGE_REACTION_ADD", told)
        message, edited, reacted = await taken.wait(3)
    (attachment,) = message.attachments
    assert (attachment.kind, attachment.name, attachment.size) == ("image", "cat.png", 4)
    assert (edited.kind, edited.text) == ("edited", "look!")
    assert (reacted.kind, reacted.text, reacted.message_id) == ("reaction", "👍", "5")


async def test_what_nobody_said_and_what_we_said_is_no_message(
    discord: FakeDiscord, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.write("we ourselves", user=BOT_ID)
        await discord.write("", type=7)
        await discord.write("a person")
        (message,) = await taken.wait(1)
    assert message.text == "a person"


async def test_a_broken_connection_is_resumed_and_nothing_is_missed(
    discord: FakeDiscord, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.write("before")
        await taken.wait(1)
        for number in range(2):
            await discord.gateway.drop()
            await discord.write(f"while away {number}")
            async with asyncio.timeout(10):
                await discord.gateway.resumptions(number + 1)
        await discord.write("after")
        await taken.wait(4)
    assert taken.texts == ["before", "while away 0", "while away 1", "after"]
    assert discord.gateway.identified == 1


async def test_discord_may_ask_to_reconnect(discord: FakeDiscord, make: Make) -> None:
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.gateway.ask_to_reconnect()
        async with asyncio.timeout(10):
            await discord.gateway.resumptions(1)
        await discord.write("after")
        await taken.wait(1)


async def test_whoever_takes_over_asks_for_what_was_missed(
    discord: FakeDiscord, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.write("seen", "100")
        await discord.write("seen directly", "742")
        await taken.wait(2)
    async with asyncio.timeout(10):
        await discord.gateway.disconnected()
    await discord.write("missed", "100")
    await discord.write("missed where nobody had written", "101")
    await discord.write("missed directly", "742")
    async with receiving(make(), taken):
        await taken.wait(5)
        async with asyncio.timeout(10):
            await discord.gateway.connected(2)
        await discord.write("new", "100")
        await taken.wait(6)
    assert sorted(taken.texts[2:5]) == [
        "missed",
        "missed directly",
        "missed where nobody had written",
    ]
    assert taken.texts[5] == "new"
    assert len({message.event_id for message in taken.messages}) == 6


async def test_a_session_that_discord_forgot_is_begun_again_and_filled_up(
    discord: FakeDiscord, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        await discord.write("seen")
        await taken.wait(1)
        await discord.gateway.drop(forget=True)
        await discord.write("missed")
        await taken.wait(2)
    assert taken.texts == ["seen", "missed"]
    assert discord.gateway.identified == 2


async def test_no_more_is_asked_for_than_the_settings_say(discord: FakeDiscord, make: Make) -> None:
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
    for number in range(5):
        await discord.write(str(number))
    async with receiving(make(backfillMessages=3), taken):
        await taken.wait(3)
        async with asyncio.timeout(10):
            await discord.gateway.connected(2)
        await discord.write("new")
        await taken.wait(4)
    assert taken.texts == ["0", "1", "2", "new"]


async def test_a_message_that_could_not_be_made_durable_comes_again(
    discord: FakeDiscord, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken) as task:
        await ready(discord, taken)
        taken.fails = StoreUnavailable()
        await discord.write("kept")
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(task, 10)
    async with receiving(make(), taken):
        await taken.wait(1)
    assert taken.texts == ["kept"]


async def test_interactions_without_an_endpoint_are_answered_over_rest(
    discord: FakeDiscord, make: Make
) -> None:
    from tests.fakes.channels.discord_people import command

    channel = {"id": "100", "type": 0, "guild_id": "1", "name": "general"}
    token = discord.new_interaction()
    taken = Taken()
    async with receiving(make(), taken):
        await ready(discord, taken)
        asked = command("ask", "Why?", channel=channel, sender="42", token=token)
        await discord.gateway.dispatch("INTERACTION_CREATE", asked)
        (message,) = await taken.wait(1)
        await discord.write("next")
        await taken.wait(2)
    assert (message.kind, message.text) == ("command", "/ask Why?")
    assert message.to == f"interaction:800:{token}:100"
    assert discord.callbacks == [{"type": 5}]


async def test_without_the_intent_only_mentions_and_direct_messages_have_a_text(
    discord: FakeDiscord, make: Make
) -> None:
    discord.gateway.content_allowed = False
    taken = Taken()
    async with receiving(make(messageContent=False), taken):
        await ready(discord, taken)
        await discord.write("quiet")
        await discord.write(f"<@{BOT_ID}> loud")
        await taken.wait(2)
    assert taken.texts == ["", "loud"]


async def test_an_intent_that_is_not_allowed_says_which_switch(
    discord: FakeDiscord, make: Make
) -> None:
    discord.gateway.content_allowed = False
    failure = await failure_of(make())
    assert failure.permanent
    assert "Message Content Intent" in str(failure)


async def test_a_token_that_is_not_taken_is_for_good_and_not_told(
    discord: FakeDiscord, make: Make
) -> None:
    discord.token = "changed"
    failure = await failure_of(make())
    assert failure.permanent
    assert "channels.discord.token" in str(failure)
    assert TOKEN not in str(failure)


@pytest.mark.parametrize(("code", "permanent"), [(4011, True), (4004, True)])
async def test_close_codes_that_no_retry_mends_are_for_good(
    discord: FakeDiscord, make: Make, code: int, permanent: bool
) -> None:
    taken = Taken()
    async with receiving(make(), taken) as task:
        await ready(discord, taken)
        await discord.gateway.drop(code)
        with pytest.raises(ReceiverFailure) as failed:
            await asyncio.wait_for(task, 10)
    assert failed.value.permanent is permanent


async def test_used_up_sessions_are_waited_for(discord: FakeDiscord, make: Make) -> None:
    discord.sessions_left = 0
    failure = await failure_of(make())
    assert (failure.permanent, failure.retry_after_s) == (False, 3600.0)


async def test_a_gateway_that_is_away_is_tried_again_later(context: ChannelContext) -> None:
    assert PLUGIN.receiver is not None
    own = account("discord", token=TOKEN, apiRoot="http://127.0.0.1:9/api/v10")
    failure = await failure_of(PLUGIN.receiver(own, context))
    assert not failure.permanent


async def test_more_than_can_be_taken_in_ends_the_connection(
    discord: FakeDiscord, make: Make
) -> None:
    failure = await failure_of(make(bufferMessages=1))
    assert not failure.permanent
    assert "asked for again" in str(failure)


async def test_without_the_library_it_says_what_to_install(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str, *_: Any) -> None:
        return None

    receiver = make()
    monkeypatch.setattr(importlib.util, "find_spec", none)
    failure = await failure_of(receiver)
    assert failure.permanent
    assert "openclaw-channels[discord]" in str(failure)


def test_an_account_for_interactions_alone_holds_no_connection(make: Make) -> None:
    assert make(publicKey="0" * 64) is None
    assert make(gateway=False) is None
    assert make(publicKey="0" * 64, gateway=True) is not None
