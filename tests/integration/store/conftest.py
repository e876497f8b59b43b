"""A store on the test process's Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.store import Store
from tests.integration.store.support import COUNTING_LEASE_MS, LONG_LEASE, Bench


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    """A store whose leases do not run out during a test."""
    store = await Store.connect(Redis(url=valkey_url), LONG_LEASE, role="test")
    yield store
    await store.close()


@pytest.fixture
async def bench(store: Store, valkey: redis.asyncio.Redis) -> Bench:
    """A store and a plain client, on a Redis that has been up long enough to count crashes."""
    async with asyncio.timeout(5):
        while (await valkey.info("server"))["uptime_in_seconds"] * 1000 < 2 * COUNTING_LEASE_MS:
            await asyncio.sleep(0.02)
    return Bench(store, valkey)
