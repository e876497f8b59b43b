"""Credentials that the platform refuses: the account rests, its deliveries wait."""

from __future__ import annotations

import pytest

from openclaw_channels.base import CredentialsRevoked
from openclaw_delivery.attempt import RELEASED
from tests.integration.delivery.support import Office

REVOKED = CredentialsRevoked("Unauthorized", http_status=401)


async def until(office: Office, key_fields: str) -> None:
    key = office.store.keys.account_rest("fake:default")
    await office.redis.hset(key, key_fields, 1)


async def test_one_refusal_rests_the_account_and_the_others_say_why_they_wait(
    office: Office,
) -> None:
    first = await office.submit(to="1")
    office.channel.script.append(REVOKED)
    assert await office.attempt() == RELEASED
    assert await office.due_in_s(first) == pytest.approx(300, abs=1)
    other = await office.submit(to="2")
    assert await office.attempt() == RELEASED
    assert office.channel.asked == ["one"]
    record = await office.record(other)
    assert (record.status, record.history.failures) == ("pending", 0)
    assert record.history.last_failure is not None
    assert record.history.last_failure.message == "Unauthorized"
    assert 300 <= await office.due_in_s(other) + 1 <= 331


async def test_the_reason_for_a_wait_is_written_down_once(office: Office) -> None:
    await office.submit(to="1")
    office.channel.script.append(REVOKED)
    await office.attempt()
    other = await office.submit(to="2")
    for _ in range(3):
        assert await office.attempt() == RELEASED
        await office.pass_time(other, 0)
    assert (await office.events(other)).count("waiting") == 1


async def test_another_account_goes_on(office: Office) -> None:
    await office.submit(to="1")
    office.channel.script.append(REVOKED)
    await office.attempt()
    await office.submit(to="2", channel="fake2")
    assert await office.attempt() == "delivered"


async def test_after_the_rest_one_delivery_tries_the_account_for_all(office: Office) -> None:
    first = await office.submit(to="1")
    office.channel.script.append(REVOKED)
    await office.attempt()
    await until(office, "until_ms")
    gate = await office.store.account_rest.gate("fake:default", "someone", 30)
    assert gate.probing
    second = await office.submit(to="2")
    assert await office.attempt() == RELEASED
    assert 25 < await office.due_in_s(second) < 34
    await until(office, "probe_until_ms")
    await office.pass_time(second, 60)
    assert await office.attempt() == "delivered"
    await office.pass_time(first, 400)
    assert await office.attempt() == "delivered"
    assert not await office.redis.exists(office.store.keys.account_rest("fake:default"))


async def test_an_account_that_stays_refused_uses_up_the_schedule_of_who_tries_it(
    office: Office,
) -> None:
    delivery_id = await office.submit()
    office.channel.script.extend([REVOKED] * 4)
    for _ in range(3):
        assert await office.attempt() == RELEASED
        await until(office, "until_ms")
        await office.pass_time(delivery_id, 301)
    assert await office.attempt() == "dead"
    assert await office.dead() == [delivery_id]
