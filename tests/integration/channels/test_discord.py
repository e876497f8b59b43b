"""What only Discord has, against a server that is as strict."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable

import pytest

from openclaw_channels.base import (
    ACCOUNT,
    AnswerLost,
    ChannelContext,
    ChannelError,
    CredentialsRevoked,
    Message,
    OutboundChannel,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from openclaw_channels.discord import PLUGIN
from openclaw_common.contracts.delivery import Destination, Media
from tests.fakes.channels.discord import TOKEN, FakeDiscord, Place
from tests.fakes.channels.platform import Fault
from tests.harness.processes import free_port
from tests.integration.channels.trials import account

Make = Callable[..., OutboundChannel]
GENERAL = Destination("discord", "channel:100")
IDEAS = Destination("discord", "channel:200")
HOOK = Destination("discord", "interaction:7:token-of-interaction")
PIXEL = Media("image/png", data=base64.b64encode(b"\x89PNG").decode(), filename="pixel.png")


@pytest.fixture
def make(discord: FakeDiscord, context: ChannelContext) -> Make:
    def make(**settings: object) -> OutboundChannel:
        own = {"token": TOKEN, "apiRoot": discord.base_url, **settings}
        return PLUGIN.outbound(account("discord", **own), context)

    return make


async def say(
    channel: OutboundChannel, destination: Destination, message: Message | str, key: str = "k"
) -> list[str | None]:
    """Send all parts of a message, as the delivery service does."""
    message = Message(message) if isinstance(message, str) else message
    async with asyncio.timeout(10):
        where = await channel.resolve(destination)
        return [
            (await channel.send(where, part, send_key=f"{key}{number}".ljust(64, "0"))).message_id
            for number, part in enumerate(channel.parts(message))
        ]


async def test_a_message_is_sent_with_nonce_and_without_previews_or_pings(
    discord: FakeDiscord, make: Make
) -> None:
    await say(make(), GENERAL, Message("@everyone look", reply_to="55"))
    body = discord.accepted[0].raw
    assert body["flags"] == 4
    assert body["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert (body["enforce_nonce"], len(body["nonce"])) == (True, 25)
    assert body["message_reference"] == {"message_id": "55", "fail_if_not_exists": False}


async def test_settings_allow_previews_and_mentions(discord: FakeDiscord, make: Make) -> None:
    await say(make(suppressEmbeds=False, allowedMentions=["users"]), GENERAL, "<@42>")
    body = discord.accepted[0].raw
    assert "flags" not in body
    assert body["allowed_mentions"]["parse"] == ["users"]


async def test_a_send_whose_answer_was_lost_is_not_doubled(
    discord: FakeDiscord, make: Make
) -> None:
    discord.plan(Fault.reset_after())
    with pytest.raises(AnswerLost):
        await say(make(), GENERAL, "once")
    (message_id,) = await say(make(), GENERAL, "once")
    assert message_id == "1000001"
    assert len(discord.accepted) == 1


async def test_long_messages_arrive_in_order_and_answer_with_the_first_part(
    discord: FakeDiscord, make: Make
) -> None:
    await say(make(), GENERAL, Message("word " * 900, reply_to="55"))
    assert " ".join(taken.text.strip() for taken in discord.accepted) == ("word " * 900).strip()
    assert ["message_reference" in taken.raw for taken in discord.accepted] == [True, False, False]


async def test_tables_become_code_blocks(discord: FakeDiscord, make: Make) -> None:
    await say(make(), GENERAL, "| a | b |\n|---|---|\n| 1 | two |")
    assert discord.accepted[0].text == "```\na | b\n--+----\n1 | two\n```"


async def test_a_thread_is_a_channel_of_its_own(discord: FakeDiscord, make: Make) -> None:
    discord.places["300"] = Place("300", "thread", kind=11, parent="100")
    await say(make(), Destination("discord", "channel:100", thread_id="300"), "in the thread")
    assert discord.accepted[0].to == "300"


async def test_a_direct_channel_is_opened_once(discord: FakeDiscord, make: Make) -> None:
    channel = make()
    for number in range(3):
        await say(channel, Destination("discord", "user:42"), "psst", key=f"k{number}")
    assert [taken.to for taken in discord.accepted] == ["742"] * 3
    assert discord.asked.count("POST /api/v10/users/@me/channels") == 1


async def test_names_are_looked_up_once_over_all_guilds(discord: FakeDiscord, make: Make) -> None:
    channel = make()
    for number in range(2):
        await say(channel, Destination("discord", "#General"), "hello", key=f"k{number}")
    assert [taken.to for taken in discord.accepted] == ["100", "100"]
    assert discord.asked.count("GET /api/v10/users/@me/guilds") == 1


async def test_a_name_of_two_channels_needs_a_guild(discord: FakeDiscord, make: Make) -> None:
    random = Destination("discord", "#random")
    with pytest.raises(PermanentFailure, match=r"2 channels #random.*guildId"):
        await make().resolve(random)
    assert (await make(guildId="2").resolve(random)).to == "channel:102"


async def test_an_unknown_name_says_what_to_do(make: Make) -> None:
    with pytest.raises(PermanentFailure, match="no channel #nowhere"):
        await make().resolve(Destination("discord", "#nowhere"))


async def test_a_forum_gets_a_post_with_all_parts_also_from_another_process(
    discord: FakeDiscord, make: Make
) -> None:
    message = Message("## Title of *it*\n\n" + "word " * 700)
    first, second, third = make().parts(message)
    await make().send(IDEAS, first, send_key="a" * 64)
    await make().send(IDEAS, second, send_key="b" * 64)
    await make().send(IDEAS, third, send_key="c" * 64)
    assert discord.accepted[0].raw["name"] == "Title of it"
    assert [taken.to for taken in discord.accepted] == ["200", "1000001", "1000001"]


async def test_a_lost_forum_post_says_that_repeating_it_may_double_it(
    discord: FakeDiscord, make: Make
) -> None:
    discord.plan(Fault.reset_after())
    with pytest.raises(AnswerLost) as lost:
        await say(make(), IDEAS, "an idea")
    assert lost.value.repeat_is_safe is False


@pytest.mark.parametrize(
    ("destination", "safe"),
    [(GENERAL, [True, True]), (IDEAS, [False, False]), (HOOK, [True, False])],
)
async def test_a_process_that_has_just_started_knows_what_may_be_sent_again(
    make: Make, destination: Destination, safe: list[bool]
) -> None:
    parts = make().parts(Message("word " * 900))
    assert [await make().repeats_safely(destination, part) for part in parts[:2]] == safe


async def test_what_follows_a_forum_post_may_be_sent_again_where_the_post_is_found(
    make: Make,
) -> None:
    first, second = make().parts(Message("word " * 700))[:2]
    await make().send(IDEAS, first, send_key="a" * 64)
    assert await make().repeats_safely(IDEAS, second)
    assert not await make().repeats_safely(IDEAS, first)


async def test_an_interaction_is_answered_in_place_and_then_followed_up(
    discord: FakeDiscord, make: Make
) -> None:
    await say(make(), HOOK, "word " * 900)
    assert [taken.thread for taken in discord.accepted] == ["@original", None, None]


@pytest.mark.parametrize(("number", "safe"), [(0, True), (1, False)])
async def test_only_the_first_answer_to_an_interaction_may_be_repeated(
    discord: FakeDiscord, make: Make, number: int, safe: bool
) -> None:
    part = make().parts(Message("word " * 900))[number]
    discord.plan(Fault.reset_after())
    with pytest.raises(AnswerLost) as lost:
        await make().send(HOOK, part, send_key="a" * 64)
    assert lost.value.repeat_is_safe is safe


async def test_an_expired_interaction_fails_for_good_and_does_not_condemn_the_bot(
    discord: FakeDiscord, make: Make
) -> None:
    discord.interactions.clear()
    with pytest.raises(PermanentFailure) as failed:
        await say(make(), HOOK, "late")
    assert not isinstance(failed.value, CredentialsRevoked)
    assert (failed.value.http_status, failed.value.code) == (401, "50027")


async def test_the_token_of_an_interaction_is_in_no_error_no_log_line_and_no_bucket(
    discord: FakeDiscord, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for fault in (Fault.server_error(), Fault.reset_before(), Fault.permanent("10015")):
        discord.plan(fault)
        with pytest.raises((TemporaryFailure, AnswerLost, PermanentFailure)) as failed:
            await say(make(), HOOK, "hello")
        assert "token-of-interaction" not in repr(failed.value)
    assert "token-of-interaction" not in caplog.text
    (bucket,) = make().buckets(HOOK)
    assert "token-of-interaction" not in bucket.name


async def test_an_attachment_is_uploaded(discord: FakeDiscord, make: Make) -> None:
    await say(make(), GENERAL, Message("look", media=(PIXEL,)))
    (upload,) = discord.accepted[1].uploads
    assert (upload.filename, upload.mime, upload.data) == ("pixel.png", "image/png", b"\x89PNG")
    assert discord.accepted[1].raw["enforce_nonce"] is True


@pytest.mark.parametrize("destination", [GENERAL, IDEAS, HOOK])
@pytest.mark.parametrize("limit", [{"mediaMaxMb": 0.000001}, {}])
async def test_words_stand_in_for_an_attachment_that_is_too_large(
    discord: FakeDiscord, make: Make, limit: dict[str, float], destination: Destination
) -> None:
    discord.upload_limit = 1
    await say(make(**limit), destination, Message("", media=(PIXEL,)))
    assert discord.accepted[0].text == "(The attachment `pixel.png` is too large for Discord.)"


@pytest.mark.parametrize(
    ("code", "status"), [("50007", 403), ("50013", 403), ("50001", 403), ("10003", 404)]
)
async def test_refusals_for_good_are_told_with_discords_code(
    discord: FakeDiscord, make: Make, code: str, status: int
) -> None:
    discord.plan(Fault.permanent(code))
    with pytest.raises(PermanentFailure) as failed:
        await say(make(), GENERAL, "hello")
    assert (failed.value.code, failed.value.http_status) == (code, status)


async def test_a_revoked_token_is_told_apart(make: Make) -> None:
    with pytest.raises(CredentialsRevoked, match=r"channels\.discord\.token"):
        await say(make(token="another"), GENERAL, "hello")


async def test_a_rate_limit_keeps_its_fractions_and_its_scope(
    discord: FakeDiscord, make: Make
) -> None:
    discord.plan(Fault.rate_limit(0.123), Fault.rate_limit(2.5, account_wide=True))
    with pytest.raises(RateLimited) as own:
        await say(make(), GENERAL, "hello")
    assert (own.value.retry_after_s, own.value.scope) == (0.123, "destination")
    with pytest.raises(RateLimited) as everything:
        await say(make(), GENERAL, "hello")
    assert (everything.value.retry_after_s, everything.value.scope) == (2.5, ACCOUNT)


async def test_a_channel_that_is_used_up_is_not_asked_again(
    discord: FakeDiscord, make: Make
) -> None:
    discord.window.limit, discord.window.seconds = 2, 30
    channel = make()
    for key in "ab":
        await say(channel, GENERAL, "hello", key=key)
    with pytest.raises(RateLimited) as limited:
        await say(channel, GENERAL, "hello", key="c")
    assert 25 < limited.value.retry_after_s <= 30
    assert len([asked for asked in discord.asked if asked.endswith("/100/messages")]) == 2
    await say(channel, Destination("discord", "channel:101"), "elsewhere")


async def test_no_connection_is_no_send(make: Make) -> None:
    with pytest.raises(TemporaryFailure):
        await say(make(apiRoot=f"http://127.0.0.1:{free_port()}"), GENERAL, "hello")


async def test_a_platform_that_hangs_may_have_sent(discord: FakeDiscord, make: Make) -> None:
    discord.plan(Fault.hang())
    with pytest.raises(AnswerLost):
        await say(make(requestTimeoutMs=200, connectTimeoutMs=100), GENERAL, "hello")


async def test_a_message_is_edited(discord: FakeDiscord, make: Make) -> None:
    channel = make()
    (message_id,) = await say(channel, GENERAL, "draft")
    (part,) = channel.parts(Message("final"))
    await channel.edit(GENERAL, str(message_id), part)
    assert discord.edits == [("100", "1000001", "final")]


async def test_typing_is_shown(discord: FakeDiscord, make: Make) -> None:
    await make().show_typing(GENERAL)
    await make().show_typing(HOOK)
    assert discord.typing == ["100"]


def test_what_goes_at_once_is_taken_off_what_follows(make: Make) -> None:
    bot, channel = make().buckets(GENERAL)
    assert bot.per_second + bot.burst == 50
    assert channel.per_second * 5 + channel.burst == 5


@pytest.mark.parametrize(
    "settings", [{"channelBurst": 5}, {"botBurst": 50}, {"token": ""}, {"guildId": "home"}]
)
def test_settings_that_cannot_work_are_refused(make: Make, settings: dict[str, object]) -> None:
    with pytest.raises(ChannelError, match=next(iter(settings))):
        make(**settings)


def test_each_paragraph_is_a_part_where_that_is_set(make: Make) -> None:
    message = Message("one\n\ntwo\nlines")
    assert len(make().parts(message)) == 1
    parts = make(streaming={"chunkMode": "newline"}).parts(message)
    assert [part.text for part in parts] == ["one", "two\nlines"]
