"""Promise 6: deliveries over real processes that are killed, to platforms that fail."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.contracts.delivery import Destination
from openclaw_common.store.deliveries import DeliveryRecord
from tests.fakes.channels import discord, signal, telegram
from tests.fakes.channels.discord import FakeDiscord, Place
from tests.fakes.channels.platform import FakePlatform, Fault, FaultKind, RandomFaults
from tests.fakes.channels.signal import FakeSignal
from tests.fakes.channels.telegram import FakeTelegram
from tests.harness.post_office import PostOffice

FAULTS = {
    FaultKind.RATE_LIMIT: 0.06,
    FaultKind.SERVER_ERROR: 0.06,
    FaultKind.HANG: 0.02,
    FaultKind.RESET_BEFORE: 0.03,
    FaultKind.RESET_AFTER: 0.03,
}
DELIVERIES = {
    "retryScheduleSeconds": [0.1, 0.3, 1],
    "sendTimeoutSeconds": 1,
    "concurrency": 16,
    "leaseMs": 2000,
    "renewMs": 500,
}
SWIFT = 1000
"""Messages a second to one chat: far above what the platforms allow."""
PER_SECOND = 12
"""Messages a second of one account, so that there is something to send while processes die."""
Platforms = dict[str, FakePlatform]


def channels(platforms: Platforms) -> dict[str, Any]:
    """Settings that lead to the fakes, at paces that do not make the test long."""
    return {
        "telegram": {
            "botToken": telegram.TOKEN,
            "apiRoot": platforms["telegram"].base_url,
            "botPerSecond": PER_SECOND,
            "chatPerSecond": SWIFT,
            "onUnknown": "resend",
        },
        "discord": {
            "token": discord.TOKEN,
            "apiRoot": platforms["discord"].base_url,
            "botPerSecond": 5 + PER_SECOND,
            "channelMessages": 5 * SWIFT,
            "channelBurst": 5,
        },
        "signal": {
            "account": signal.ACCOUNT,
            "httpUrl": platforms["signal"].base_url,
            "accountPerSecond": PER_SECOND,
            "chatPerSecond": SWIFT,
        },
    }


def address(channel: str, number: int) -> Destination:
    """The `number`th destination of a channel."""
    if channel == "signal":
        return Destination(channel, f"+4915100{number:05}")
    if channel == "discord":
        return Destination(channel, f"channel:{10_000 + number}")
    return Destination(channel, str(500 + number))


async def start_platforms(stack: AsyncExitStack, destinations: int) -> Platforms:
    fake_discord = FakeDiscord()
    for number in range(destinations):
        name = str(10_000 + number)
        fake_discord.places[name] = Place(name, f"c{name}")
    fakes = {"telegram": FakeTelegram(), "discord": fake_discord, "signal": FakeSignal()}
    for platform in fakes.values():
        await stack.enter_async_context(platform)
    return fakes


async def submit_all(office: PostOffice, count: int, destinations: int) -> dict[str, str]:
    """Submit deliveries round over channels and destinations; return their texts by id."""
    texts = {}
    names = ("telegram", "discord", "signal")
    for number in range(count):
        channel = names[number % 3]
        text = f"{channel} message {number}"
        to = address(channel, number // 3 % destinations)
        texts[await office.submit(to, text)] = text
    return texts


async def kill_often(office: PostOffice, times: int, seed: int) -> None:
    """kill -9 sending processes, one after another, while there is something to send."""
    chance = random.Random(seed)
    for _ in range(times):
        async with asyncio.timeout(60):
            while not (children := office.children()):
                await asyncio.sleep(0.02)
        office.kill(chance.choice(children))
        await asyncio.sleep(chance.uniform(0.2, 1.5))


def check_arrivals(platforms: Platforms, records: Sequence[DeliveryRecord]) -> Counter[str]:
    """Assert: all arrived, doubles only where they were counted; return the doubled texts."""
    arrived = Counter(taken.text for fake in platforms.values() for taken in fake.accepted)
    doubles: Counter[str] = Counter()
    for record in records:
        text = record.request.text
        assert record.status == "delivered", (record.status, record.history.last_failure)
        assert arrived[text] >= 1, text
        if arrived[text] > 1:
            doubles[text] = arrived[text] - 1
            assert record.history.duplicates_possible >= doubles[text], text
    assert not [text for text in doubles if text.startswith("discord")]
    return doubles


def check_order(platforms: Platforms, records: Sequence[DeliveryRecord]) -> None:
    """Assert that people saw each destination's messages in the order of acceptance.

    A replay goes to the end of its lane, so what was replayed has no place in this order.
    """
    first_seen = {}
    for fake in platforms.values():
        for taken in reversed(fake.accepted):
            first_seen[taken.text] = taken.number
    lanes = defaultdict(list)
    for record in records:
        if not record.history.replays:
            lanes[record.destination.lane].append(first_seen[record.request.text])
    assert lanes
    for lane, numbers in lanes.items():
        assert numbers == sorted(numbers), lane


def check_rate_limits(platforms: Platforms) -> int:
    """Assert that nobody was asked again before the time it had named; return how often it had."""
    limits = 0
    for fake in platforms.values():
        until: dict[str, float] = {}
        for attempt in fake.attempts:
            assert attempt.at >= until.get(attempt.to, 0.0) - 0.005, attempt
            fault = attempt.fault
            if fault is not None and fault.kind is FaultKind.RATE_LIMIT:
                limits += 1
                until[attempt.to] = attempt.at + fault.retry_after_s
    return limits


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("count", "destinations", "kills"),
    [(90, 10, 3), pytest.param(1000, 60, 20, marks=pytest.mark.faults)],
)
async def test_every_delivery_arrives_whatever_platforms_and_processes_do(
    tmp_path: Path, count: int, destinations: int, kills: int
) -> None:
    async with AsyncExitStack() as stack:
        platforms = await start_platforms(stack, destinations)
        for seed, fake in enumerate(platforms.values()):
            fake.decide = RandomFaults(seed, FAULTS, retry_after_s=1.0)
        office = PostOffice(
            tmp_path / "office",
            channels=channels(platforms),
            deliveries=DELIVERIES,
            processes=2,
        )
        await stack.enter_async_context(office)
        killing = asyncio.create_task(kill_often(office, kills, seed=kills))
        texts = await submit_all(office, count, destinations)
        await killing
        await office.all_ended(180)
        for fake in platforms.values():
            fake.decide = None
        records = await office.records(list(texts))
        gave_up = {record.id for record in records if record.status != "delivered"}
        assert set(await office.replay_dead()) == gave_up
        await office.all_ended(60)
        records = await office.records(list(texts))
        doubles = check_arrivals(platforms, records)
        check_order(platforms, records)
        limits = check_rate_limits(platforms)
        assert limits
        print(
            f"\n{count} deliveries, {kills} kills: {len(gave_up)} gave up and arrived after a "
            f"replay, {doubles.total()} doubled, {limits} rate limits"
        )


async def test_a_time_that_a_platform_names_is_kept_within_a_tenth(tmp_path: Path) -> None:
    asked_s = (1.0, 2.0, 3.0)
    async with AsyncExitStack() as stack:
        platforms = await start_platforms(stack, 3)
        fake = platforms["telegram"]
        office = PostOffice(tmp_path / "office", channels=channels(platforms))
        await stack.enter_async_context(office)
        for number, seconds in enumerate(asked_s):
            fake.plan(Fault.rate_limit(seconds))
            await office.submit(address("telegram", number), f"message {number}")
            async with asyncio.timeout(5):
                await fake.attempted(number + 1)
        await office.submit(address("telegram", 9), "another chat")
        await office.all_ended(20)
        attempts = defaultdict(list)
        for attempt in fake.attempts:
            attempts[attempt.to].append(attempt.at)
        for number, seconds in enumerate(asked_s):
            refused_at, again_at = attempts[address("telegram", number).to]
            assert seconds <= again_at - refused_at <= seconds * 1.1
        (other_at,) = attempts[address("telegram", 9).to]
        assert other_at < min(at[1] for at in attempts.values() if len(at) > 1)
