"""Answers to slash commands, files of people, and what `channels setup slack` finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from openclaw_channels.base import (
    AnswerLost,
    ChannelContext,
    Message,
    OutboundChannel,
    PermanentFailure,
)
from openclaw_channels.inbound import MediaSource, Setup
from openclaw_channels.slack import PLUGIN
from openclaw_channels.slack.webhook import reader
from openclaw_common.contracts.delivery import Destination, Media
from openclaw_common.contracts.inbound import Attachment
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.fakes.channels.slack_events import SIGNING_SECRET
from tests.integration.channels.gateway import SmallGateway
from tests.integration.channels.trials import account, channel_context

Own = Callable[..., dict[str, Any]]


@pytest.fixture
def own(slack: FakeSlack) -> Own:
    def own(**settings: Any) -> dict[str, Any]:
        roots = {"apiRoot": slack.base_url, "hooksRoot": slack.hooks_root}
        return {"botToken": TOKEN, "signingSecret": SIGNING_SECRET, **roots, **settings}

    return own


def outbound(settings: dict[str, Any], context: ChannelContext) -> OutboundChannel:
    return PLUGIN.outbound(account("slack", **settings), context)


async def say(channel: OutboundChannel, to: str, message: Message) -> None:
    where = await channel.resolve(Destination("slack", to))
    for number, part in enumerate(channel.parts(message)):
        await channel.send(where, part, send_key=f"key{number}".ljust(64, "0"))


def hook(slack: FakeSlack, answers: int = 5) -> str:
    form = slack.command("/ask", "hi", answers=answers)
    path = form["response_url"].removeprefix(slack.hooks_root + "/")
    return f"interaction:C00000001/U00000001:{path}"


class TestAnswers:
    async def test_a_command_is_answered_where_only_its_writer_sees(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        await say(outbound(own(), context), hook(slack), Message("**done**"))
        (answer,) = slack.accepted
        assert answer.to.startswith("hook:commands/")
        assert answer.raw["response_type"] == "ephemeral"
        assert answer.text == "*done*"

    async def test_one_that_may_be_seen_by_all_is(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        settings = own(slashCommand={"ephemeral": False})
        await say(outbound(settings, context), hook(slack), Message("done"))
        assert slack.accepted[0].raw["response_type"] == "in_channel"

    async def test_once_the_url_is_used_up_the_rest_goes_to_the_writer_alone(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        text = "\n\n".join(letter * 60 for letter in "abc")
        channel = outbound(own(textChunkLimit=80), context)
        await say(channel, hook(slack, answers=2), Message(text))
        places = [taken.to.partition("/")[0] for taken in slack.accepted]
        assert places == ["hook:commands", "hook:commands", "D00000001"]

    async def test_a_public_one_goes_to_the_channel(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        settings = own(slashCommand={"ephemeral": False})
        await say(outbound(settings, context), hook(slack, answers=0), Message("done"))
        assert slack.accepted[0].to == "C00000001"

    async def test_a_file_goes_where_files_can_go(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        media = Media("text/plain", data="aGVsbG8=", filename="a.txt")
        await say(outbound(own(), context), hook(slack), Message("", media=(media,)))
        assert slack.accepted[0].to == "D00000001"
        assert slack.accepted[0].uploads[0].data == b"hello"

    async def test_an_answer_that_was_lost_is_not_repeated_blindly(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        slack.plan(Fault.reset_after())
        with pytest.raises(AnswerLost) as lost:
            await say(outbound(own(), context), hook(slack), Message("done"))
        assert lost.value.repeat_is_safe is False

    def test_no_bucket_is_named_by_a_url(self, own: Own, slack: FakeSlack) -> None:
        # The names of buckets are names of keys.
        channel = PLUGIN.outbound(account("slack", **own()), ChannelContext(None, None))  # type: ignore[arg-type]
        to = hook(slack)
        names = [bucket.name for bucket in channel.buckets(Destination("slack", to))]
        assert "secret" not in "".join(names)

    async def test_in_a_direct_conversation_no_thread_is_opened(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        slack.direct.add("D00000001")
        message = Message("done", reply_to="1700000000.000100")
        await say(outbound(own(), context), "channel:D00000001", message)
        await say(outbound(own(), context), "channel:C00000001", message)
        assert [taken.thread for taken in slack.accepted] == [None, "1700000000.000100"]


class TestMedia:
    def media(self, settings: dict[str, Any], context: ChannelContext) -> MediaSource:
        assert PLUGIN.media is not None
        return PLUGIN.media(account("slack", **settings), context)

    async def test_a_file_is_fetched_with_the_token(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        slack.shared["a.png"] = b"\x89PNG"
        url = f"http://127.0.0.1:{slack.port}/files-pri/a.png"
        source = self.media(own(), context)
        fetched = await source.fetch(Attachment("image", url, "image/png"), max_bytes=100)
        assert fetched == ("image/png", b"\x89PNG")
        with pytest.raises(PermanentFailure, match="larger"):
            await source.fetch(Attachment("image", url, "image/png"), max_bytes=3)

    async def test_the_token_goes_to_slack_alone(self, own: Own) -> None:
        seen: list[str | None] = []

        async def stranger(request: web.Request) -> web.Response:
            seen.append(request.headers.get("Authorization"))
            return web.Response(body=b"ok", content_type="image/png")

        async with SmallGateway({"/a.png": stranger}, method="GET") as other:
            host = other.url.removeprefix("http://")
            async with channel_context(host) as context:
                source = self.media(own(), context)
                url = f"{other.url}/a.png"
                fetched = await source.fetch(Attachment("image", url), max_bytes=100)
        assert fetched == ("image/png", b"ok")
        assert seen == [None]

    @pytest.mark.parametrize(
        "url",
        [
            "https://slack.com.evil.test/a",
            "https://evilslack.com/a",
            "http://files.slack.com/a",
            "https://files.slack.com:8443/a",
            "https://user@files.slack.com/a",
            "//files.slack.com/a",
            "https://[",
        ],
    )
    async def test_what_only_looks_like_slack_is_a_stranger(
        self, context: ChannelContext, url: str
    ) -> None:
        from openclaw_channels.settings import read_settings
        from openclaw_channels.slack.media import SlackMedia
        from openclaw_channels.slack.settings import SlackSettings

        settings = read_settings(SlackSettings, account("slack", botToken=TOKEN))
        media = SlackMedia(settings, context)
        assert media.is_slacks("https://files.slack.com/files-pri/T1-F1/a.png")
        assert not media.is_slacks(url)

    async def test_a_page_in_place_of_a_file_says_which_scope_is_missing(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        url = f"http://127.0.0.1:{slack.port}/files-pri/a.png"
        source = self.media(own(botToken="another"), context)
        with pytest.raises(PermanentFailure, match="files:read"):
            await source.fetch(Attachment("image", url), max_bytes=100)


class TestSetup:
    def setup(self, settings: dict[str, Any], context: ChannelContext) -> Setup:
        assert PLUGIN.setup is not None
        return PLUGIN.setup(account("slack", **settings), context)

    async def test_a_good_configuration_is_found_good(
        self, own: Own, context: ChannelContext
    ) -> None:
        findings = await self.setup(own(), context).test()
        assert [finding.ok for finding in findings] == [True, True, True]

    async def test_missing_scopes_are_named(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        slack.scopes = "chat:write"
        bad = [f for f in await self.setup(own(), context).test() if not f.ok]
        assert len(bad) == 1
        assert "im:history" in bad[0].advice
        assert "chat:write" not in bad[0].advice

    async def test_a_wrong_token_is_found_and_not_shown(
        self, own: Own, context: ChannelContext
    ) -> None:
        findings = await self.setup(own(botToken="xoxb-wrong"), context).test()
        assert not findings[0].ok
        assert "xoxb-wrong" not in str(findings)

    async def test_our_route_is_tried_with_a_challenge(
        self, own: Own, context: ChannelContext
    ) -> None:
        webhook = reader(account("slack", signingSecret=SIGNING_SECRET))
        async with SmallGateway.of("/api/channels/slack/events", webhook) as gateway:
            route, told = await self.setup(own(), context).register(gateway.url)
            wrong = await self.setup(own(signingSecret="other"), context).register(gateway.url)
        assert (route.ok, told.ok) == (True, True)
        assert f"{gateway.url}/api/channels/slack/events" in told.advice
        assert not wrong[0].ok
        assert "signingSecret" in wrong[0].advice

    async def test_socket_mode_needs_no_url(
        self, slack: FakeSlack, own: Own, context: ChannelContext
    ) -> None:
        settings = own(appToken=APP_TOKEN)
        assert all(f.ok for f in await self.setup(settings, context).register("https://x.test"))
        slack.app_token = "changed"
        assert not all(f.ok for f in await self.setup(settings, context).test())
