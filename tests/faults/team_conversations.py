"""Conversations on Discord and Slack."""

from __future__ import annotations

import asyncio

from tests.fakes.channels import discord, slack
from tests.fakes.channels.discord import FakeDiscord
from tests.fakes.channels.slack import FakeSlack
from tests.fakes.channels.slack_events import SIGNING_SECRET
from tests.faults.conversations import OPEN, SWIFT, Conversation, Place, nothing
from tests.harness.fleet import START_LIMIT_S, Fleet

ROOT = "1700000000.000100"


def discord_conversation(platform: FakeDiscord) -> Conversation:
    """A person and a thread, over the gateway."""
    platform.places["300"] = discord.Place("300", "a thread", kind=11, parent="100")

    async def say(number: int, text: str) -> Place:
        if number % 2:
            await platform.write(text, "742")
            return "742", None
        await platform.write(f"<@{discord.BOT_ID}> {text}", "300")
        return "300", None

    async def begin(fleet: Fleet) -> None:
        # What is written before anybody was ever connected is not asked for.
        async with asyncio.timeout(START_LIMIT_S):
            await platform.gateway.connected()

    section = {
        **OPEN,
        "token": discord.TOKEN,
        "apiRoot": platform.base_url,
        "botPerSecond": SWIFT,
        "channelMessages": SWIFT,
        "channelBurst": 100,
    }
    return Conversation("discord", platform, section, say, begin, nothing)


def slack_conversation(platform: FakeSlack, *, posted: bool) -> Conversation:
    """A person and a thread; what mentions the app comes twice."""
    platform.direct.add("D00000001")

    async def say(number: int, text: str) -> Place:
        if number % 2:
            await platform.write(text, "D00000001")
            return "D00000001", None
        await platform.write(f"<@{slack.BOT}> {text}", thread_ts=ROOT)
        return "C00000001", ROOT

    async def begin(fleet: Fleet) -> None:
        platform.posts.url = f"{fleet.ingresses[0].url}/slack/events"

    section = {
        **OPEN,
        "botToken": slack.TOKEN,
        "apiRoot": platform.base_url,
        "channelPerSecond": SWIFT,
        "workspacePerSecond": SWIFT,
        **({"signingSecret": SIGNING_SECRET} if posted else {"appToken": slack.APP_TOKEN}),
    }
    return Conversation("slack", platform, section, say, begin if posted else nothing, nothing)
