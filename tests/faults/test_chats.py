"""Long conversations over real processes, of which a worker, and whoever holds the account, die."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from tests.fakes.channels import signal, telegram
from tests.fakes.channels.discord import FakeDiscord
from tests.fakes.channels.signal import FakeSignal
from tests.fakes.channels.signal_container import FakeSignalContainer
from tests.fakes.channels.signal_people import ADA, GROUP_ID, PLACEHOLDER, mention
from tests.fakes.channels.slack import FakeSlack
from tests.fakes.channels.telegram import FakeTelegram
from tests.fakes.channels.telegram_people import BOT_NAME, entity, group, private, user
from tests.faults.conversations import OPEN, SWIFT, Conversation, Place, nothing
from tests.faults.team_conversations import discord_conversation, slack_conversation
from tests.harness.fleet import START_LIMIT_S, Fleet, Worker
from tests.harness.processes import python, start

logger = logging.getLogger(__name__)

TURNS: Final = 50
TAKEOVER_S: Final = 15.0
"""Within what another process must hear what people write (issue 7)."""
SECRET: Final = "s3cret-token"
OWN_ID: Final = "bbbbbbbb-0000-4000-8000-000000000002"


@dataclass
class Post:
    """The fleet's delivery processes; `takeovers` are seconds from a death to the next answer."""

    fleet: Fleet
    workers: list[Worker] = field(default_factory=list)
    takeovers: dict[str, float] = field(default_factory=dict)

    def add(self) -> None:
        """Start one more delivery process under its supervisor."""
        module = "openclaw_delivery"
        command = python("-m", module, "--config", str(self.fleet.config_path))
        process = start(f"delivery-{len(self.workers)}", command, self.fleet.folder)
        self.workers.append(Worker(process, True, module))

    async def holder(self, account: str) -> Worker:
        """Return the process that holds an account; any for one whose messages are posted."""
        await self.fleet.until(self._are_up, "every delivery process is up", START_LIMIT_S)
        config = Config.model_validate({"redis": {"url": self.fleet.redis_url}})
        store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
        try:
            holders = await store.receivers.holders()
        finally:
            await store.close()
        alive = self._alive
        return next((w for w in alive if w.worker_id == holders.get(account)), alive[0])

    @property
    def _alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.process.popen.poll() is None]

    async def _are_up(self) -> bool:
        """Whether all wait for deliveries, cancellations and runs to show."""
        async with self.fleet.redis() as client:
            found = [(item["name"], item["cmd"]) for item in await client.client_list()]
        waiting = [name for name, cmd in found if cmd == "blpop" and "delivery" in name]
        return len(waiting) >= 3 * len(self._alive)


def telegram_conversation(platform: FakeTelegram, *, posted: bool) -> Conversation:
    async def say(number: int, text: str) -> Place:
        if number % 2:
            await platform.say(text, private(42))
            return "42", None
        words = f"@{BOT_NAME} {text}"
        await platform.say(
            words,
            group(forum=True),
            user(42),
            entities=[entity("mention", words, f"@{BOT_NAME}")],
            message_thread_id=9,
            is_topic_message=True,
        )
        return "-1001", "9"

    async def begin(fleet: Fleet) -> None:
        url = f"{fleet.ingresses[0].url}/api/channels/telegram/webhook"
        await platform.updates.set_webhook({"url": url, "secret_token": SECRET})

    # Each update is posted twice, as after an answer that Telegram did not see.
    platform.updates.repeats = 1
    section = {
        **OPEN,
        "botToken": telegram.TOKEN,
        "apiRoot": platform.base_url,
        "webhookSecret": SECRET,
        "botPerSecond": SWIFT,
        "chatPerSecond": SWIFT,
        "groupPerMinute": 60 * SWIFT,
        **({"webhookUrl": "https://gateway.example/hook"} if posted else {}),
    }
    return Conversation("telegram", platform, section, say, begin if posted else nothing, nothing)


def signal_conversation(platform: FakeSignal, kind: str) -> Conversation:
    async def say(number: int, text: str) -> Place:
        if number % 2:
            await platform.say(text)
            return ADA, None
        mentions = [mention(0, signal.ACCOUNT, OWN_ID)]
        await platform.say(f"{PLACEHOLDER} {text}", group=GROUP_ID, mentions=mentions)
        return f"group:{GROUP_ID}", None

    section = {
        **OPEN,
        "account": signal.ACCOUNT,
        "transport": {"kind": kind, "url": platform.base_url},
        "accountPerSecond": SWIFT,
        "chatPerSecond": SWIFT,
    }

    async def noticed() -> None:
        await platform.feed.parted(platform.feed.connections)

    return Conversation("signal", platform, section, say, nothing, noticed)


@pytest.fixture(
    params=[
        "telegram asked",
        "telegram posted",
        "signal daemon",
        "signal container",
        "discord gateway",
        "slack socket",
        "slack posted",
    ]
)
async def conversation(request: pytest.FixtureRequest) -> AsyncIterator[Conversation]:
    name, _, way = request.param.partition(" ")
    if name == "telegram":
        async with FakeTelegram() as bot:
            yield telegram_conversation(bot, posted=way == "posted")
    elif name == "discord":
        async with FakeDiscord() as bot:
            yield discord_conversation(bot)
    elif name == "slack":
        async with FakeSlack() as app:
            yield slack_conversation(app, posted=way == "posted")
    elif way == "daemon":
        async with FakeSignal() as daemon:
            yield signal_conversation(daemon, "external-native")
    else:
        async with FakeSignalContainer() as container:
            yield signal_conversation(container, "container")


@asynccontextmanager
async def running(conversation: Conversation, folder: Path) -> AsyncIterator[Post]:
    config = {
        "channels": {conversation.name: conversation.section},
        "messages": {"inbound": {"byChannel": {"telegram": 0}}},
    }
    async with Fleet(folder, ingresses=1, workers=2, config=config) as fleet:
        post = Post(fleet)
        try:
            post.add()
            post.add()
            await conversation.begin(fleet)
            await post.holder("")
            yield post
        finally:
            await asyncio.gather(*(worker.process.end() for worker in post.workers))


async def test_fifty_messages_are_answered_once_in_order_and_in_their_place(
    conversation: Conversation, tmp_path: Path
) -> None:
    expected: dict[Place, list[str]] = defaultdict(list)
    async with running(conversation, tmp_path) as post:

        async def end_the_holder() -> None:
            (await post.holder(f"{conversation.name}:default")).kill()
            await conversation.noticed()

        async def end_a_worker() -> None:
            post.fleet.workers[0].kill()

        async def end_the_holders_host() -> None:
            holder = await post.holder(f"{conversation.name}:default")
            await holder.process.end()
            await conversation.noticed()
            post.add()

        deaths = {
            10: end_the_holder,
            20: end_a_worker,
            30: end_the_holders_host,
            40: end_the_holder,
        }
        for number in range(TURNS):
            died_at = time.monotonic()
            death = deaths.get(number)
            if death is not None:
                await death()
            place = await conversation.say(number, f"/fake say {number}")
            expected[place].append(str(number))
            async with asyncio.timeout(TAKEOVER_S):
                await conversation.platform.taken(number + 1)
            if death is not None:
                post.takeovers[f"{number} {death.__name__}"] = time.monotonic() - died_at

    answered: dict[Place, list[str]] = defaultdict(list)
    for taken in conversation.platform.accepted:
        answered[taken.to, taken.thread].append(taken.text)
    assert answered == expected
    for death_name, seconds in post.takeovers.items():
        logger.info("%s: answered %.2f s later", death_name, seconds)
