"""What Discord posts: signed, read as documented, and answered where the interaction came from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.base import (
    ChannelContext,
    ChannelError,
    Message,
    OutboundChannel,
    PermanentFailure,
)
from openclaw_channels.discord import PLUGIN
from openclaw_channels.discord.outbound import DiscordOutbound
from openclaw_channels.inbound import (
    Inbound,
    InboundRequest,
    NotAuthentic,
    NotUnderstood,
    Setup,
    WebhookReader,
)
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.inbound import Attachment, InboundMessage
from tests.fakes.channels.discord import TOKEN, FakeDiscord
from tests.fakes.channels.discord_people import Application
from tests.fakes.channels.platform import Fault
from tests.integration.channels.discord_examples import EXAMPLES
from tests.integration.channels.gateway import SmallGateway
from tests.integration.channels.hostile import json_values
from tests.integration.channels.trials import account

NOW = 1_700_000_000.0
APPLICATION = Application()


def reader(application: Application = APPLICATION) -> WebhookReader:
    return PLUGIN.webhooks[0].reader(account("discord", publicKey=application.public_key))


def request(
    body: bytes, at_s: float = NOW, more: Mapping[str, str] | None = None
) -> InboundRequest:
    headers = {k.lower(): v for k, v in APPLICATION.signed(body, at_s).items()}
    return InboundRequest({**headers, **(more or {})}, body, NOW)


def read(payload: Any) -> Inbound:
    return reader().read(request(orjson.dumps(payload)))


def only(inbound: Inbound) -> InboundMessage:
    (message,) = inbound.messages
    return message


class TestSignatures:
    @pytest.mark.parametrize("late", [-299, 0, 299])
    def test_a_signed_request_within_five_minutes_is_authentic(self, late: int) -> None:
        reader().verify(request(b'{"type":1}', at_s=NOW - late))

    @pytest.mark.parametrize(
        "headers",
        [
            {"x-signature-ed25519": ""},
            {"x-signature-ed25519": "00" * 64},
            {"x-signature-ed25519": "0" * 127},
            {"x-signature-ed25519": "zz" * 64},
            {"x-signature-timestamp": ""},
            {"x-signature-timestamp": "\u0661\u0661"},
            {"x-signature-timestamp": str(int(NOW) + 1)},
        ],
    )
    def test_what_is_missing_wrong_or_malformed_is_not(self, headers: dict[str, str]) -> None:
        with pytest.raises(NotAuthentic):
            reader().verify(request(b"{}", more=headers))

    @pytest.mark.parametrize("late", [-301, 301])
    def test_what_is_stale_is_not(self, late: int) -> None:
        with pytest.raises(NotAuthentic, match="too old"):
            reader().verify(request(b"{}", at_s=NOW - late))

    def test_another_applications_is_not(self) -> None:
        with pytest.raises(NotAuthentic, match="publicKey"):
            reader(Application()).verify(request(b"{}"))

    @pytest.mark.parametrize("settings", [{}, {"publicKey": "short"}])
    def test_without_a_key_there_is_no_route_and_it_says_so(self, settings: Any) -> None:
        with pytest.raises(ChannelError, match="publicKey"):
            PLUGIN.webhooks[0].reader(account("discord", token="t", **settings))


class TestReading:
    def test_a_ping_is_answered(self) -> None:
        assert orjson.loads(read({"type": 1}).answer.body) == {"type": 1}

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_the_documented_examples_are_read(self, name: str) -> None:
        payload, answer, expected = EXAMPLES[name]
        inbound = read(payload)
        assert orjson.loads(inbound.answer.body) == answer
        facts = [(m.kind, m.text, m.chat_kind, m.chat_id) for m in inbound.messages]
        assert facts == expected
        assert all(m.event_id == f"interaction:{payload['id']}" for m in inbound.messages)

    def test_a_command_is_answered_in_its_place_and_then_in_its_channel(self) -> None:
        said = only(read(EXAMPLES["slash command"][0]))
        assert said.to == "interaction:775799577604522054:A_UNIQUE_TOKEN:645027906669510667"
        assert (said.guild_id, said.sender.roles) == (
            "290926798626357999",
            ("539082325061836999",),
        )
        assert said.mentions_me

    def test_options_are_words(self) -> None:
        options = [
            {
                "type": 1,
                "name": "add",
                "options": [
                    {"type": 3, "name": "title", "value": "Buy milk"},
                    {"type": 4, "name": "times", "value": 2},
                    {"type": 5, "name": "urgent", "value": False},
                    {"type": 6, "name": "for", "value": "42"},
                    {"type": 11, "name": "list", "value": "9"},
                ],
            }
        ]
        file = {"id": "9", "filename": "list.txt", "content_type": "text/plain", "url": "https://x"}
        data = {
            "name": "todo",
            "type": 1,
            "options": options,
            "resolved": {"users": {"42": {"username": "ann"}}, "attachments": {"9": file}},
        }
        said = only(read({**EXAMPLES["slash command"][0], "data": data}))
        assert said.text == "/todo add title: Buy milk times: 2 urgent: false for: @ann"
        assert said.attachments == (Attachment("document", "https://x", "text/plain", "list.txt"),)

    def test_an_app_that_only_a_user_has_answers_the_interaction_alone(self) -> None:
        base = EXAMPLES["button"][0]
        owners = {"authorizing_integration_owners": {"1": "42"}, "context": 2}
        inbound = read({**base, **owners})
        assert orjson.loads(inbound.answer.body) == {"type": 5}
        assert only(inbound).to.startswith("interaction:845027738276462632:")
        assert only(inbound).to.count(":") == 2

    def test_a_thread_belongs_to_its_channel(self) -> None:
        channel = {"id": "55", "type": 11, "parent_id": "44", "name": "a thread"}
        said = only(read({**EXAMPLES["slash command"][0], "channel": channel}))
        assert (said.chat_id, said.thread_id) == ("44", "55")
        assert said.to.endswith(":55")

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"type":9}'])
    def test_what_is_no_interaction_is_not_understood(self, body: bytes) -> None:
        with pytest.raises(NotUnderstood):
            reader().read(request(body))

    @given(
        json_values(
            "name data options type value resolved channel id components "
            "values member user message token guild_id"
        ),
        st.integers(0, 6),
    )
    def test_no_payload_is_a_traceback(self, inner: Any, kind: int) -> None:
        base = EXAMPLES["slash command"][0]
        for payload in (
            {**base, "type": kind, "data": inner},
            {**base, **(inner if isinstance(inner, dict) else {}), "type": kind},
        ):
            try:
                reader().read(request(json.dumps(payload).encode()))
            except NotUnderstood:
                continue

    def test_options_without_end_are_not_understood(self) -> None:
        options: list[Any] = []
        for _ in range(50):
            options = [{"type": 2, "name": "deep", "options": options}]
        data = {"name": "x", "type": 1, "options": options}
        with pytest.raises(NotUnderstood):
            read({**EXAMPLES["slash command"][0], "data": data})


Make = Callable[..., OutboundChannel]


@pytest.fixture
def make(discord: FakeDiscord, context: ChannelContext) -> Make:
    def make(**settings: object) -> OutboundChannel:
        own = {"token": TOKEN, "apiRoot": discord.base_url, **settings}
        return PLUGIN.outbound(account("discord", **own), context)

    return make


async def say(channel: OutboundChannel, to: str, text: str) -> None:
    where = await channel.resolve(Destination("discord", to))
    for number, part in enumerate(channel.parts(Message(text))):
        await channel.send(where, part, send_key=f"key{number}".ljust(64, "0"))


class TestAnswers:
    TWO = "a" * 1500 + "\n\n" + "b" * 1500

    async def test_the_first_part_is_put_into_the_deferred_answer_and_others_follow(
        self, discord: FakeDiscord, make: Make
    ) -> None:
        await say(make(), "interaction:7:token-of-interaction:100", self.TWO)
        assert [(t.to, t.thread) for t in discord.accepted] == [
            ("interaction:7", "@original"),
            ("interaction:7", None),
        ]

    async def test_an_interaction_that_is_over_is_answered_in_its_channel(
        self, discord: FakeDiscord, make: Make
    ) -> None:
        channel = make()
        to = "interaction:7:old-token:100"
        await say(channel, to, self.TWO)
        assert [taken.to for taken in discord.accepted] == ["100", "100"]
        assert [taken.raw["enforce_nonce"] for taken in discord.accepted] == [True, True]
        asked = [line for line in discord.asked if "/webhooks/" in line]
        assert len(asked) == 1
        destination = Destination("discord", to)
        second = channel.parts(Message(self.TWO))[1]
        assert await channel.repeats_safely(destination, second)
        assert isinstance(channel, DiscordOutbound)
        assert channel.repeat_seconds(destination, second) == 180

    async def test_one_that_came_from_nowhere_else_fails(
        self, discord: FakeDiscord, make: Make
    ) -> None:
        with pytest.raises(PermanentFailure):
            await say(make(), "interaction:7:old-token", "late")

    async def test_a_deferred_answer_that_was_deleted_is_written_anew(
        self, discord: FakeDiscord, make: Make
    ) -> None:
        discord.plan(Fault.permanent("10008"))
        await say(make(), "interaction:7:token-of-interaction:100", "hello")
        assert [(t.to, t.thread) for t in discord.accepted] == [("interaction:7", None)]


class TestSetup:
    def setup(self, discord: FakeDiscord, context: ChannelContext, **settings: object) -> Setup:
        key = {"publicKey": discord.application.public_key}
        own = {"token": TOKEN, "apiRoot": discord.base_url, **key, **settings}
        assert PLUGIN.setup is not None
        return PLUGIN.setup(account("discord", **own), context)

    async def test_discord_is_told_where_to_post_and_tries_it(
        self, discord: FakeDiscord, context: ChannelContext
    ) -> None:
        path = "/api/channels/discord/interactions"
        async with SmallGateway.of(path, reader(discord.application)) as gateway:
            findings = await self.setup(discord, context).register(gateway.url + "/")
            assert all(finding.ok for finding in findings), findings
            assert discord.endpoint == gateway.url + path
            status, answer = await discord.command(gateway.url + path, "ask", "Why?")
        assert (status, answer) == (200, {"type": 5})
        assert gateway.messages[0].text == "/ask Why?"
        assert [c["name"] for c in discord.commands] == ["ask", "new", "reset", "stop", "status"]

    async def test_a_gateway_with_another_key_is_refused_and_said_why(
        self, discord: FakeDiscord, context: ChannelContext
    ) -> None:
        path = "/api/channels/discord/interactions"
        async with SmallGateway.of(path, reader()) as gateway:
            findings = await self.setup(discord, context).register(gateway.url)
        assert discord.endpoint is None
        (bad,) = [finding for finding in findings if not finding.ok]
        assert "publicKey" in bad.advice

    async def test_a_key_of_another_application_is_found(
        self, discord: FakeDiscord, context: ChannelContext
    ) -> None:
        setup = self.setup(discord, context, publicKey=APPLICATION.public_key)
        bad = [finding for finding in await setup.test() if not finding.ok]
        assert discord.application.public_key in bad[0].advice

    async def test_an_intent_that_is_not_allowed_is_found(
        self, discord: FakeDiscord, context: ChannelContext
    ) -> None:
        discord.endpoint = "https://x.test"
        assert all(f.ok for f in await self.setup(discord, context, gateway=True).test())
        discord.gateway.content_allowed = False
        bad = [f for f in await self.setup(discord, context, gateway=True).test() if not f.ok]
        assert "Message Content Intent" in bad[0].advice

    async def test_a_wrong_token_is_found_and_not_shown(
        self, discord: FakeDiscord, context: ChannelContext
    ) -> None:
        setup = self.setup(discord, context, token="wrong-token")
        for findings in (await setup.test(), await setup.register("https://x.test")):
            assert not findings[0].ok
            assert "wrong-token" not in str(findings)


def test_the_fake_signs_with_the_time_of_now() -> None:
    headers = {k.lower(): v for k, v in APPLICATION.signed(b"{}").items()}
    reader().verify(InboundRequest(headers, b"{}", time.time()))
