"""A worker, a delivery process and Telegram: a run is seen working, then its result is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import DeliveryPlan, RunRequest, Turn
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from openclaw_delivery.worker import DeliveryService
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
from tests.fakes.provider import FakeProvider

SLOW = "/fake text tokens=60 delay_ms=30"


@dataclass
class Whole:
    """What a test sees of it all."""

    store: Store
    telegram: FakeTelegram

    async def run(self, text: str, **fields: Any) -> str:
        run_id = new_run_id()
        request: dict[str, Any] = {
            "agent_id": "main",
            "session_key": f"agent:main:chat:{run_id}",
            "source": "channel",
            "model": "openclaw",
            "message": Turn("user", text),
            "delivery": DeliveryPlan("telegram", "42"),
            **fields,
        }
        await RunQueue(self.store).submit(run_id, RunRequest(**request))
        return run_id

    async def delivered(self, run_id: str) -> str:
        """Wait until the result was delivered; return it."""
        while (record := await self.store.runs.get(run_id)) is None or record.result is None:
            await asyncio.sleep(0.02)
        key = self.store.keys.of_run(run_id)
        (delivery_id,) = await self.store.client.execute("ZRANGE", key, 0, -1)
        while not (made := await self.store.deliveries.get(delivery_id.decode())):
            await asyncio.sleep(0.02)
        while not made.status.terminal:
            await asyncio.sleep(0.02)
            made = await self.store.deliveries.get(delivery_id.decode()) or made
        assert made.status == "delivered"
        return made.request.text


@pytest.fixture
def telegram_settings() -> dict[str, Any]:
    """Settings of the bot that a test replaces, by overriding this fixture."""
    return {}


@pytest.fixture
async def whole(valkey_url: str, telegram_settings: dict[str, Any]) -> AsyncIterator[Whole]:
    async with FakeProvider() as provider, FakeTelegram() as telegram:
        bot = {
            "botToken": TOKEN,
            "apiRoot": telegram.base_url,
            "chatPerSecond": 100,
            # Who is posted to does not ask.
            "webhookUrl": "https://gateway.example/telegram",
            "webhookSecret": "s3cret",
        }
        fake = {"baseUrl": provider.base_url, "apiKey": "sk-fake"}
        config = Config.model_validate(
            {
                "redis": {"url": valkey_url},
                "agents": {"defaults": {"model": "fake/fake"}},
                "models": {"providers": {"fake": fake}},
                "channels": {"telegram": {**bot, **telegram_settings}},
                "deliveries": {"previewIntervalMs": 50},
            }
        )
        store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
        worker = AgentWorkerService(config, store, worker_id="worker-test")
        delivery = DeliveryService(config, store, worker_id="delivery-test", environ={})
        await worker.start()
        await delivery.start()
        try:
            yield Whole(store, telegram)
        finally:
            await delivery.stop()
            await worker.stop()
            await store.close()


async def test_typing_is_shown_before_the_result_is_there(whole: Whole) -> None:
    async with asyncio.timeout(20):
        run_id = await whole.run(SLOW)
        text = await whole.delivered(run_id)
    assert whole.telegram.actions == [("42", None)]
    assert whole.telegram.methods == ["sendChatAction", "sendMessage"]
    assert [taken.text for taken in whole.telegram.accepted] == [text]


@pytest.mark.parametrize("telegram_settings", [{"typing": False}])
async def test_it_can_be_switched_off(whole: Whole) -> None:
    async with asyncio.timeout(20):
        await whole.delivered(await whole.run(SLOW))
    assert whole.telegram.methods == ["sendMessage"]


async def test_heartbeats_are_not_seen(whole: Whole) -> None:
    async with asyncio.timeout(20):
        await whole.delivered(await whole.run(SLOW, source="heartbeat"))
    assert whole.telegram.methods == ["sendMessage"]


@pytest.mark.parametrize("telegram_settings", [{"streaming": {"mode": "partial"}}])
async def test_the_preview_grows_and_ends_as_the_result(whole: Whole) -> None:
    async with asyncio.timeout(20):
        text = await whole.delivered(await whole.run(SLOW))
    (sent,) = whole.telegram.accepted
    shown = [sent.text, *(edit for _, edit in whole.telegram.edits)]
    assert len(shown) > 2
    assert shown[-1] == text
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(shown))
    assert whole.telegram.violations == []


@pytest.mark.parametrize(
    "telegram_settings",
    [{"streaming": {"mode": "partial"}, "accounts": {"quiet": {"streaming": {"mode": "off"}}}}],
)
async def test_an_account_may_say_otherwise(whole: Whole) -> None:
    plan = DeliveryPlan("telegram", "42", account_id="quiet")
    async with asyncio.timeout(20):
        await whole.delivered(await whole.run(SLOW, delivery=plan))
    assert whole.telegram.edits == []
