"""The rates of a platform, kept by processes that know nothing of each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from openclaw_channels.base import ACCOUNT, Bucket, RateLimited
from openclaw_common.contracts.delivery import Destination
from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.pacing import TURN_GOOD_MS, Rate
from openclaw_common.store.store import Store
from openclaw_delivery.attempt import RELEASED
from tests.integration.delivery.support import Office

CHAT = Destination("fake", "42")


@pytest.fixture
async def other(valkey_url: str) -> AsyncIterator[Store]:
    """The store of another process."""
    store = await Store.connect(Redis(url=valkey_url), Runs(), role="other")
    yield store
    await store.close()


async def test_two_processes_together_keep_one_rate(store: Store, other: Store) -> None:
    rate = [Rate("bot", 100, 5)]
    begun = time.monotonic()

    async def send(one: Store, name: str) -> float:
        while not (turn := await one.pacing.take(name, CHAT, rate, 100)).granted:
            await asyncio.sleep(turn.wait_s)
        await asyncio.sleep(turn.wait_s)
        return time.monotonic() - begun

    async with asyncio.timeout(5):
        times = sorted(
            await asyncio.gather(
                *(send(one, f"{n}-{one is other}") for one in (store, other) for n in range(30))
            )
        )
    for number, at in enumerate(times):
        assert at >= (number - 5) / 100 - 0.005, number
    assert times[-1] < 60 / 100 + 0.3


async def test_those_who_wait_long_are_given_turns_one_after_another(store: Store) -> None:
    rate = [Rate("bot", 1, 1)]
    waits = [(await store.pacing.take(f"d{n}", CHAT, rate, 0)).wait_s for n in range(5)]
    assert waits == pytest.approx([0, 1, 2, 3, 4], abs=0.1)
    again = [(await store.pacing.take(f"d{n}", CHAT, rate, 0)).wait_s for n in range(1, 5)]
    assert again == pytest.approx([1, 2, 3, 4], abs=0.2)


async def test_a_turn_that_was_missed_is_not_used_beside_another(store: Store, valkey) -> None:
    rate = [Rate("bot", 1, 1)]
    for name in ("first", "late"):
        await store.pacing.take(name, CHAT, rate, 0)
    turns = store.keys.turns("late")
    bucket = store.keys.pacing("fake:default", "bot")
    await valkey.hincrbyfloat(turns, bucket, -(TURN_GOOD_MS + 2000))
    assert not (await store.pacing.take("late", CHAT, rate, 0)).granted


async def test_a_full_rate_uses_up_nothing_of_the_others(store: Store) -> None:
    chat, bot = Rate("chat:42", 1, 1), Rate("bot", 10, 2)
    assert (await store.pacing.take("a", CHAT, [chat, bot], 0)).granted
    for name in ("b", "c", "d"):
        assert not (await store.pacing.take(name, CHAT, [chat, bot], 0)).granted
    other_chat = Destination("fake", "43")
    assert (await store.pacing.take("e", other_chat, [Rate("chat:43", 1, 1), bot], 0)).granted


async def test_a_frozen_chat_stops_no_other_and_a_frozen_account_stops_all(store: Store) -> None:
    other_chat = Destination("fake", "43")
    await store.pacing.freeze(CHAT, 30, whole_account=False)
    frozen = await store.pacing.take("a", CHAT, [], 1000)
    assert not frozen.granted
    assert frozen.wait_s == pytest.approx(30, abs=0.5)
    assert (await store.pacing.take("b", other_chat, [], 0)).granted
    await store.pacing.freeze(CHAT, 20, whole_account=True)
    assert (await store.pacing.take("b", other_chat, [], 0)).wait_s == pytest.approx(20, abs=0.5)


async def test_a_shorter_freeze_does_not_end_a_longer_one(store: Store) -> None:
    await store.pacing.freeze(CHAT, 30, whole_account=False)
    await store.pacing.freeze(CHAT, 1, whole_account=False)
    assert (await store.pacing.take("a", CHAT, [], 0)).wait_s == pytest.approx(30, abs=0.5)


async def test_turns_that_lay_in_a_freeze_do_not_come_all_at_once_after_it(store: Store) -> None:
    rate = [Rate("bot", 20, 1)]
    waits = [(await store.pacing.take(f"d{n}", CHAT, rate, 0)).wait_s for n in range(4)]
    assert waits == pytest.approx([0, 0.05, 0.1, 0.15], abs=0.04)
    await store.pacing.freeze(CHAT, 0.3, whole_account=True)
    await asyncio.sleep(0.31)
    again = [(await store.pacing.take(f"d{n}", CHAT, rate, 0)) for n in range(1, 4)]
    assert [turn.granted for turn in again] == [True, False, False]


async def test_a_short_wait_is_made_in_place_and_a_long_one_frees_the_slot(office: Office) -> None:
    office.channel.rates = [Bucket("bot", per_second=10)]
    office.limits = office.limits.model_copy(update={"pacing_hold_ms": 150})
    delivery_id = await office.submit("one\ntwo")
    assert await office.attempt() == "delivered"
    assert office.slept == pytest.approx([0.1], abs=0.05)
    office.channel.rates = [Bucket("chat", per_second=0.1)]
    delivery_id = await office.submit("three\nfour")
    assert await office.attempt() == RELEASED
    assert office.channel.texts == ["one", "two", "three"]
    assert await office.due_in_s(delivery_id) == pytest.approx(10, abs=0.5)
    assert await office.status(delivery_id) == "pending"


async def test_what_a_platform_asks_of_an_account_holds_for_its_other_chats(
    office: Office,
) -> None:
    await office.submit(to="42")
    office.channel.script.append(RateLimited("slow", retry_after_s=30, scope=ACCOUNT))
    assert await office.attempt() == RELEASED
    other_id = await office.submit(to="43")
    assert await office.attempt() == RELEASED
    assert office.channel.asked == ["one"]
    assert await office.due_in_s(other_id) == pytest.approx(30, abs=0.5)
