"""The delivery service as it runs: taking deliveries, draining, cancelling, and its process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openclaw_channels.base import ChannelError, Part, Receipt
from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.queue.job_queue import DeliveryQueue
from openclaw_common.runtime.config import Config
from openclaw_delivery.accounts import ConfiguredAccounts
from openclaw_delivery.worker import DeliveryService
from tests.fakes.scripted_channel import ScriptedChannel
from tests.integration.channels.trials import channel_context
from tests.integration.delivery.support import Office


@pytest.fixture
async def service(valkey_url: str, office: Office) -> AsyncIterator[DeliveryService]:
    """A service on the office's store that sends through its channel."""
    config = Config.model_validate({"redis": {"url": valkey_url}})
    service = DeliveryService(
        config, office.store, worker_id="d1", environ={}, accounts=office.accounts
    )
    await service.start()
    yield service
    await service.stop()


class Answer:
    """A platform that takes its time: `asked` once it is asked, answers once `given`."""

    def __init__(self) -> None:
        self.asked, self.given = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.asked.set()
        await self.given.wait()


async def reached(office: Office, delivery_id: str, status: str) -> None:
    async with asyncio.timeout(5):
        while await office.status(delivery_id) != status:
            await asyncio.sleep(0.005)


async def test_deliveries_of_many_destinations_are_sent_as_they_come(
    office: Office, service: DeliveryService
) -> None:
    ids = [await office.submit(f"text {n}", to=str(n % 5)) for n in range(20)]
    for delivery_id in ids:
        await reached(office, delivery_id, "delivered")
    for chat in range(5):
        seen = [taken.text for taken in office.channel.taken if taken.to == str(chat)]
        assert seen == [f"text {n}" for n in range(chat, 20, 5)]


class HalfDown(ScriptedChannel):
    """A platform of which one account hangs until it is `up`."""

    def __init__(self) -> None:
        super().__init__()
        self.up = asyncio.Event()

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        if destination.account_id == "hangs":
            await self.up.wait()
        return await super().send(destination, part, send_key=send_key)


async def test_an_account_whose_platform_hangs_takes_no_slots_from_the_others(
    office: Office, service: DeliveryService
) -> None:
    office.accounts.channel = office.channel = platform = HalfDown()
    for chat in range(200):
        await DeliveryQueue(office.store).submit(
            DeliveryRequest(Destination("fake", str(chat), "hangs"), "one")
        )
    delivery_id = await office.submit()
    await reached(office, delivery_id, "delivered")
    platform.up.set()


async def test_a_drain_lets_the_part_under_way_end_and_hands_the_rest_back(
    office: Office, service: DeliveryService
) -> None:
    answer = Answer()
    office.channel.script.append(answer)
    delivery_id = await office.submit("one\ntwo")
    async with asyncio.timeout(5):
        await answer.asked.wait()
        draining = asyncio.create_task(service.drain(0.01))
        await asyncio.sleep(0.05)
        assert not draining.done()
        answer.given.set()
        await draining
    assert office.channel.texts == ["one"]
    assert await office.status(delivery_id) == "pending"
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["one", "two"]


async def test_a_cancelled_delivery_ends_behind_the_part_under_way(
    office: Office, service: DeliveryService
) -> None:
    answer = Answer()
    office.channel.script.append(answer)
    delivery_id = await office.submit("one\ntwo")
    async with asyncio.timeout(5):
        await answer.asked.wait()
    assert await office.store.deliveries.cancel(delivery_id) == "cancelling"
    answer.given.set()
    await reached(office, delivery_id, "cancelled")
    assert office.channel.texts == ["one"]
    assert (await office.record(delivery_id)).history.receipts.keys() == {0}


async def test_a_channel_that_breaks_makes_a_dead_letter_and_stops_nobody(
    office: Office, service: DeliveryService
) -> None:
    office.channel.script.append(ZeroDivisionError("a bug"))
    broken = await office.submit(to="1")
    await reached(office, broken, "dead")
    fine = await office.submit(to="2")
    await reached(office, fine, "delivered")
    assert await office.dead() == [broken]


async def test_the_process_says_what_is_wrong_with_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "openclaw.json5"
    path.write_text("{deliveries: {concurrency: 0}}", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "openclaw_delivery",
        "--config",
        str(path),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, told = await process.communicate()
    assert process.returncode == 2
    assert b"deliveries.concurrency" in told


async def test_accounts_are_those_of_the_configuration_by_their_own_names() -> None:
    config = Config.model_validate(
        {
            "channels": {
                "telegram": {
                    "onUnknown": "resend",
                    "defaultAccount": "main",
                    "accounts": {"main": {"botToken": "1:a"}, "other": {"botToken": "2:b"}},
                },
                "discord": {"enabled": False, "token": "t"},
            }
        }
    )
    async with channel_context() as context:
        accounts = ConfiguredAccounts.load(config, {}, context)
        chat = Destination("telegram", "42")
        assert accounts.canonical(chat).account_id == "main"
        named = Destination("telegram", "42", "main")
        assert accounts.outbound(chat) is accounts.outbound(named)
        assert accounts.resends(chat)
        assert not accounts.resends(Destination("signal", "+49"))
        for destination in (
            Destination("telegram", "42", "none"),
            Destination("discord", "1"),
            Destination("pigeon", "1"),
        ):
            with pytest.raises(ChannelError):
                accounts.outbound(destination)


async def test_credentials_may_come_from_the_environment() -> None:
    async with channel_context() as context:
        environ = {"TELEGRAM_BOT_TOKEN": "1:a"}
        accounts = ConfiguredAccounts.load(Config(), environ, context)
        assert accounts.outbound(Destination("telegram", "42"))
