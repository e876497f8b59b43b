"""The authentication failure limiter, one for all replicas."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from openclaw_common.store.store import Store


@dataclass(frozen=True)
class Limit:
    max_attempts: int = 3
    window_ms: int = 60_000
    lockout_ms: int = 300_000


async def test_the_last_allowed_failure_locks_the_client_out(store: Store) -> None:
    limits = store.limits
    answers = [await limits.auth_failed("gateway", "10.0.0.1", Limit()) for _ in range(3)]
    assert answers == [None, None, 300.0]
    left = await limits.auth_locked("gateway", "10.0.0.1")
    assert left is not None
    assert 290 < left <= 300


async def test_replicas_count_together_and_clients_apart(store: Store) -> None:
    limits = store.limits
    await asyncio.gather(*(limits.auth_failed("gateway", "10.0.0.1", Limit()) for _ in range(3)))
    await limits.auth_failed("gateway", "10.0.0.2", Limit())
    assert await limits.auth_locked("gateway", "10.0.0.1")
    assert await limits.auth_locked("gateway", "10.0.0.2") is None
    assert await limits.auth_locked("hooks", "10.0.0.1") is None


async def test_all_locks_are_known_by_the_end_of_each(store: Store) -> None:
    limits = store.limits
    assert await limits.locks() == {}
    for client in ("10.0.0.1", "::1"):
        for _ in range(3):
            await limits.auth_failed("gateway", client, Limit())
    locks = await limits.locks()
    assert set(locks) == {"gateway:10.0.0.1", "gateway:::1"}
    assert all(290 < end - time.monotonic() <= 300 for end in locks.values())


async def test_a_right_credential_forgets_earlier_failures(store: Store) -> None:
    limits = store.limits
    for _ in range(2):
        await limits.auth_failed("gateway", "10.0.0.1", Limit())
    await limits.auth_succeeded("gateway", "10.0.0.1")
    assert await limits.auth_failed("gateway", "10.0.0.1", Limit()) is None


async def test_failures_older_than_the_window_do_not_count(store: Store) -> None:
    limits, brief = store.limits, Limit(window_ms=1)
    failures = store.keys.auth_failures("gateway", "10.0.0.1")
    for _ in range(5):
        assert await limits.auth_failed("gateway", "10.0.0.1", brief) is None
        async with asyncio.timeout(5):
            while await store.client.execute("EXISTS", failures):
                await asyncio.sleep(0)


async def test_a_lock_ends_by_itself_and_leaves_nothing(store: Store) -> None:
    limits, brief = store.limits, Limit(max_attempts=1, lockout_ms=20)
    assert await limits.auth_failed("gateway", "10.0.0.1", brief) == 0.02
    async with asyncio.timeout(5):
        while await limits.auth_locked("gateway", "10.0.0.1"):
            await asyncio.sleep(0)
        while await store.client.execute("DBSIZE"):
            await asyncio.sleep(0)


async def test_a_long_lock_is_not_cut_short_by_a_later_brief_one(store: Store) -> None:
    limits = store.limits
    await limits.auth_failed("gateway", "10.0.0.1", Limit(max_attempts=1))
    await limits.auth_failed("gateway", "10.0.0.2", Limit(max_attempts=1, lockout_ms=1))
    assert await store.client.execute("PTTL", store.keys.auth_locks) > 290_000
