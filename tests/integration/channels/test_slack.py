"""What only Slack has, against a server that is as strict."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

import pytest
from aiohttp import web

from openclaw_channels.base import (
    ACCOUNT,
    DESTINATION,
    AnswerLost,
    ChannelContext,
    ChannelError,
    CredentialsRevoked,
    FindsSent,
    Message,
    OutboundChannel,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from openclaw_channels.slack import PLUGIN
from openclaw_common.contracts.delivery import Destination, Media
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.slack import TOKEN, FakeSlack
from tests.harness.processes import free_port
from tests.integration.channels.trials import account

Make = Callable[..., OutboundChannel]
GENERAL = Destination("slack", "channel:C00000001")
THREAD = Destination("slack", "channel:C00000001", thread_id="1700000000.000009")
PIXEL = Media("image/png", data=base64.b64encode(b"\x89PNG").decode(), filename="pixel.png")
KEY = "cd" * 32


@pytest.fixture
def make(slack: FakeSlack, context: ChannelContext) -> Make:
    def make(**settings: object) -> OutboundChannel:
        own = {"botToken": TOKEN, "apiRoot": slack.base_url, **settings}
        return PLUGIN.outbound(account("slack", **own), context)

    return make


async def say(
    channel: OutboundChannel, destination: Destination, message: Message | str
) -> list[str | None]:
    """Send all parts of a message, as the delivery service does."""
    message = Message(message) if isinstance(message, str) else message
    async with asyncio.timeout(10):
        where = await channel.resolve(destination)
        return [
            (await channel.send(where, part, send_key=KEY)).message_id
            for part in channel.parts(message)
        ]


async def test_a_message_is_mrkdwn_without_previews(slack: FakeSlack, make: Make) -> None:
    await say(make(), GENERAL, "**Hello** <!channel> [docs](https://example.com)")
    said = slack.accepted[0]
    assert said.text == "*Hello* &lt;!channel&gt; <https://example.com|docs>"
    assert (said.raw["unfurl_links"], said.raw["unfurl_media"]) == (False, False)


async def test_a_message_goes_into_its_thread(slack: FakeSlack, make: Make) -> None:
    await say(make(), THREAD, "in the thread")
    assert slack.accepted[0].thread == THREAD.thread_id


@pytest.mark.parametrize(
    ("mode", "threads"), [("off", [None, None]), ("first", ["1.2", None]), ("all", ["1.2", "1.2"])]
)
async def test_an_answer_goes_into_the_thread_of_what_it_answers(
    slack: FakeSlack, make: Make, mode: str, threads: list[str | None]
) -> None:
    await say(make(replyToMode=mode), GENERAL, Message("word " * 1000, reply_to="1.2"))
    assert [taken.thread for taken in slack.accepted] == threads


async def test_a_direct_conversation_is_opened_once(slack: FakeSlack, make: Make) -> None:
    channel = make()
    for _ in range(3):
        await say(channel, Destination("slack", "user:U00000001"), "psst")
    assert [taken.to for taken in slack.accepted] == ["D00000001"] * 3
    assert slack.asked.count("conversations.open") == 1


async def test_names_are_looked_up_once_over_all_pages(slack: FakeSlack, make: Make) -> None:
    channel = make()
    for _ in range(2):
        await say(channel, Destination("slack", "#secrets"), "hello")
    assert [taken.to for taken in slack.accepted] == ["G00000001"] * 2
    assert slack.asked.count("conversations.list") == 2


async def test_an_unknown_name_says_what_to_do(make: Make) -> None:
    with pytest.raises(PermanentFailure, match="no channel #nowhere"):
        await make().resolve(Destination("slack", "#nowhere"))


async def test_a_send_whose_answer_was_lost_is_found_again(slack: FakeSlack, make: Make) -> None:
    channel = make()
    assert isinstance(channel, FindsSent)
    for destination in (GENERAL, THREAD):
        slack.plan(Fault.reset_after())
        with pytest.raises(AnswerLost):
            await say(channel, destination, "once")
        found = await channel.find_sent(destination, send_key=KEY)
        assert found is not None
        assert found.message_id == f"1700000000.{len(slack.accepted):06}"


@pytest.mark.parametrize("destination", [GENERAL, THREAD])
async def test_the_newest_message_is_found_behind_older_ones(
    slack: FakeSlack, make: Make, destination: Destination
) -> None:
    channel = make(lookbackMessages=2)
    assert isinstance(channel, FindsSent)
    (part,) = channel.parts(Message("hello"))
    for number in range(5):
        await channel.send(destination, part, send_key=f"{number}" * 64)
    found = await channel.find_sent(destination, send_key="4" * 64)
    assert found is not None
    assert found.message_id == "1700000000.000005"


async def test_a_send_that_never_arrived_is_not_found(slack: FakeSlack, make: Make) -> None:
    channel = make()
    assert isinstance(channel, FindsSent)
    slack.plan(Fault.reset_before())
    with pytest.raises(AnswerLost):
        await say(channel, GENERAL, "once")
    assert await channel.find_sent(GENERAL, send_key=KEY) is None


async def test_a_file_whose_answer_was_lost_is_found_again(slack: FakeSlack, make: Make) -> None:
    channel = make()
    assert isinstance(channel, FindsSent)
    slack.plan(Fault.reset_after())
    with pytest.raises(AnswerLost):
        await say(channel, GENERAL, Message("", media=(PIXEL,)))
    found = await channel.find_sent(GENERAL, send_key=KEY)
    assert found is not None
    assert found.message_id == "F00000001"


async def test_a_file_is_uploaded_and_shared_in_the_thread(slack: FakeSlack, make: Make) -> None:
    ids = await say(make(), THREAD, Message("look", media=(PIXEL,)))
    assert ids == ["1700000000.000001", "F00000001"]
    (upload,) = slack.accepted[1].uploads
    assert (upload.filename, upload.data) == ("pixel.png", b"\x89PNG")
    assert slack.accepted[1].thread == THREAD.thread_id


async def test_words_stand_in_for_a_file_that_is_too_large(slack: FakeSlack, make: Make) -> None:
    await say(make(mediaMaxMb=0.000001), GENERAL, Message("", media=(PIXEL,)))
    assert slack.accepted[0].text == "(The attachment `pixel.png` is too large for Slack.)"


@pytest.mark.parametrize(
    "error", ["channel_not_found", "is_archived", "not_in_channel", "missing_scope", "restricted"]
)
async def test_refusals_for_good_are_told_in_slacks_words(
    slack: FakeSlack, make: Make, error: str
) -> None:
    slack.plan(Fault.permanent(error))
    with pytest.raises(PermanentFailure, match=error) as failed:
        await say(make(), GENERAL, "hello")
    assert (failed.value.code, failed.value.http_status) == (error, 200)
    assert not isinstance(failed.value, CredentialsRevoked)


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked"])
async def test_a_token_that_is_no_longer_taken_is_told_apart(
    slack: FakeSlack, make: Make, error: str
) -> None:
    slack.plan(Fault.permanent(error))
    with pytest.raises(CredentialsRevoked, match=r"channels\.slack\.botToken"):
        await say(make(), GENERAL, "hello")


@pytest.mark.parametrize("error", ["fatal_error", "internal_error", "service_unavailable"])
async def test_troubles_of_slack_may_pass(slack: FakeSlack, make: Make, error: str) -> None:
    slack.plan(Fault.permanent(error))
    with pytest.raises(TemporaryFailure):
        await say(make(), GENERAL, "hello")


async def test_a_rate_limit_says_how_long_and_is_not_repeated(slack: FakeSlack, make: Make) -> None:
    slack.plan(Fault.rate_limit(7))
    with pytest.raises(RateLimited) as limited:
        await say(make(), GENERAL, "hello")
    assert (limited.value.retry_after_s, limited.value.scope) == (7, DESTINATION)
    assert len(slack.attempts) == 1


async def test_a_rate_limit_of_a_look_up_holds_for_the_account(
    slack: FakeSlack, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def limited(request: web.Request, fields: object) -> web.Response:
        return slack.refusal(Fault.rate_limit(3))

    monkeypatch.setitem(slack._methods, "conversations.list", limited)
    with pytest.raises(RateLimited) as raised:
        await make().resolve(Destination("slack", "#general"))
    assert (raised.value.retry_after_s, raised.value.scope) == (3, ACCOUNT)


async def test_a_successful_answer_that_is_no_json_may_have_sent(
    slack: FakeSlack, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("text/plain", "text/html", "application/json"):

        async def odd(request: web.Request, fields: object, kind: str = kind) -> web.Response:
            return web.Response(text="welcome", content_type=kind)

        monkeypatch.setitem(slack._methods, "chat.postMessage", odd)
        with pytest.raises(AnswerLost):
            await say(make(), GENERAL, "hello")


async def test_no_connection_is_no_send(make: Make) -> None:
    with pytest.raises(TemporaryFailure):
        await say(make(apiRoot=f"http://127.0.0.1:{free_port()}"), GENERAL, "hello")


async def test_a_platform_that_hangs_may_have_sent(slack: FakeSlack, make: Make) -> None:
    slack.plan(Fault.hang())
    with pytest.raises(AnswerLost):
        await say(make(requestTimeoutMs=200, connectTimeoutMs=100), GENERAL, "hello")


async def test_a_message_is_edited(slack: FakeSlack, make: Make) -> None:
    channel = make()
    (message_id,) = await say(channel, GENERAL, "draft")
    (part,) = channel.parts(Message("**final**"))
    await channel.edit(GENERAL, str(message_id), part)
    assert slack.edits == [("C00000001", "1700000000.000001", "*final*")]


async def test_a_thread_that_is_no_timestamp_is_refused(make: Make) -> None:
    with pytest.raises(PermanentFailure, match="ts of its first message"):
        await make().resolve(Destination("slack", "channel:C00000001", thread_id="7"))


@pytest.mark.parametrize(
    "settings", [{"textChunkLimit": 40_001}, {"botToken": " "}, {"apiRoot": "slack.com"}]
)
def test_settings_that_cannot_work_are_refused(make: Make, settings: dict[str, object]) -> None:
    with pytest.raises(ChannelError, match=next(iter(settings))):
        make(**settings)


def test_each_paragraph_is_a_part_where_that_is_set(make: Make) -> None:
    message = Message("one\n\ntwo\nlines")
    assert len(make().parts(message)) == 1
    parts = make(streaming={"chunkMode": "newline"}).parts(message)
    assert [part.text for part in parts] == ["one", "two\nlines"]
