"""Discord from end to end: what people write there is answered there, once and in its place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from openclaw_channels.discord import PLUGIN
from tests.fakes.channels.discord import BOT_ID, TOKEN, FakeDiscord, Place
from tests.fakes.channels.discord_people import Application, command
from tests.harness.chats import Chats
from tests.integration.inbound.support import OPEN, post, texts_told, waiting

WEBHOOK = "/api/channels/discord/interactions"
TURNS = 50
FAST = {
    "botPerSecond": 1000,
    "botBurst": 500,
    "channelMessages": 1000,
    "channelBurst": 500,
    "channelWindowSeconds": 1,
}
CHANNEL = {"id": "100", "type": 0, "guild_id": "1", "name": "general"}
by_gateway = pytest.mark.parametrize("account", [{"gateway": True}])


@pytest.fixture
async def gateway(
    valkey_url: str, discord: FakeDiscord, account: dict[str, Any], answers: bool
) -> AsyncIterator[Chats]:
    own: dict[str, Any] = {
        "token": TOKEN,
        "publicKey": discord.application.public_key,
        "apiRoot": discord.base_url,
        **OPEN,
        **FAST,
        **account,
    }
    async with Chats(
        valkey_url, {"discord": own}, plugins={"discord": PLUGIN}, answers=answers
    ) as chats:
        if own.get("gateway"):
            async with asyncio.timeout(10):
                await discord.gateway.connected()
        yield chats


@by_gateway
async def test_a_long_conversation_is_answered_in_order_and_once(
    gateway: Chats, discord: FakeDiscord
) -> None:
    for number in range(TURNS):
        if number == TURNS // 2:
            await discord.gateway.drop()
        await discord.write(f"/fake say {number}", "742")

    expected = [("742", str(number)) for number in range(TURNS)]
    assert await texts_told(discord, TURNS) == expected
    assert len(await gateway.run_ids()) == TURNS


@by_gateway
async def test_a_mention_is_answered_in_its_thread(gateway: Chats, discord: FakeDiscord) -> None:
    discord.places["300"] = Place("300", "a thread", kind=11, parent="100")
    await discord.write("nobody is called", "300")
    await discord.write(f"<@{BOT_ID}> /fake say here", "300")
    await discord.write(f"<@{BOT_ID}> /fake say there", "100")

    assert sorted(await texts_told(discord, 2)) == [("100", "there"), ("300", "here")]
    keys = {request.session_key for request in await gateway.requests()}
    assert keys == {
        "agent:main:discord:channel:100",
        "agent:main:discord:channel:100:thread:300",
    }


async def test_a_command_is_answered_in_its_deferred_answer(
    gateway: Chats, discord: FakeDiscord
) -> None:
    url = gateway.url + WEBHOOK
    asked = time.monotonic()
    assert await discord.command(url, "ask", "/fake say done") == (200, {"type": 5})
    assert time.monotonic() - asked < 3
    assert await texts_told(discord, 1) == [("interaction:800", "done")]
    assert discord.accepted[0].thread == "@original"
    assert discord.typing == []


async def test_an_answer_that_comes_too_late_goes_to_the_channel(
    gateway: Chats, discord: FakeDiscord
) -> None:
    url = gateway.url + WEBHOOK
    asked = command("ask", "/fake say late", channel=CHANNEL, sender="42", token="expired")
    assert await discord.application.post(url, asked) == (200, {"type": 5})
    assert await texts_told(discord, 1) == [("100", "late")]


async def test_a_pressed_button_is_answered_by_a_message(
    gateway: Chats, discord: FakeDiscord
) -> None:
    assert await discord.press(gateway.url + WEBHOOK, "/fake say yes") == (200, {"type": 6})
    assert await texts_told(discord, 1) == [("100", "yes")]


async def test_no_token_of_an_interaction_is_shown(gateway: Chats, discord: FakeDiscord) -> None:
    await discord.command(gateway.url + WEBHOOK, "ask", "/fake say done")
    await texts_told(discord, 1)
    token = max(discord.interactions, key=len)
    headers = {"Authorization": "Bearer chats-test-token"}
    async with gateway.client.get(f"{gateway.url}/v1/deliveries", headers=headers) as answer:
        listed = await answer.text()
    assert "interaction:800:***" in listed
    assert token not in listed


@waiting
async def test_discord_tries_the_url_and_finds_it_right(
    gateway: Chats, discord: FakeDiscord, answers: bool
) -> None:
    body = b'{"id":"1","application_id":"800","type":1}'
    status, answer = await post(gateway, WEBHOOK, body, discord.application.signed(body))
    assert (status, orjson.loads(answer)) == (200, {"type": 1})
    status, _ = await post(gateway, WEBHOOK, body, Application().signed(body))
    assert status == 401


@waiting
@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Signature-Ed25519": ""},
        {"X-Signature-Ed25519": "00" * 64},
        {"X-Signature-Ed25519": "none"},
        {"X-Signature-Timestamp": ""},
        {"X-Signature-Timestamp": "1"},
        "stale",
    ],
)
async def test_what_discord_did_not_sign_or_long_ago_gives_401_and_nothing_is_enqueued(
    gateway: Chats, discord: FakeDiscord, answers: bool, wrong: Any
) -> None:
    body = orjson.dumps(command("ask", "hi", channel=CHANNEL, sender="42", token="t"))
    stale = time.time() - 301 if wrong == "stale" else None
    headers = discord.application.signed(body, stale)
    headers |= wrong if isinstance(wrong, dict) else {}
    assert (await post(gateway, WEBHOOK, body, headers))[0] == 401
    assert await gateway.run_ids() == []


@waiting
async def test_a_replayed_interaction_gets_the_first_answer_and_is_one_run(
    gateway: Chats, discord: FakeDiscord, answers: bool
) -> None:
    body = orjson.dumps(command("ask", "hi", channel=CHANNEL, sender="42", token="t"))
    headers = discord.application.signed(body)
    assert [await post(gateway, WEBHOOK, body, headers) for _ in range(3)] == [
        (200, b'{"type":5}')
    ] * 3
    assert len(await gateway.run_ids()) == 1


@waiting
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"type":2}', b'{"type":99}'])
async def test_a_malformed_interaction_gives_400(
    gateway: Chats, discord: FakeDiscord, answers: bool, body: bytes
) -> None:
    assert (await post(gateway, WEBHOOK, body, discord.application.signed(body)))[0] == 400
    assert await gateway.run_ids() == []
