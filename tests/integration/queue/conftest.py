"""Workers on the test process's Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import redis.asyncio

from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.store import Store
from tests.integration.queue.support import Fleet
from tests.integration.store.support import LONG_LEASE, Bench


@pytest.fixture
async def fleet(valkey_url: str, valkey: redis.asyncio.Redis) -> AsyncIterator[Fleet]:
    """Starts workers and ends them."""
    store = await Store.connect(Redis(url=valkey_url), LONG_LEASE, role="test")
    async with AsyncExitStack() as stack:
        yield Fleet(valkey_url, Bench(store, valkey), stack)
    await store.close()
