"""A delivery process's collaborators on the test process's Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.store import Store
from tests.integration.delivery.live_support import LiveChannel, LiveOffice
from tests.integration.delivery.support import LIMITS, Office


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    """A store whose leases do not run out during a test."""
    store = await Store.connect(Redis(url=valkey_url), Runs(), LIMITS, role="test")
    yield store
    await store.close()


@pytest.fixture
def office(store: Store, valkey: redis.asyncio.Redis) -> Office:
    """A scripted channel behind an attempt's collaborators."""
    return Office(store, valkey)


@pytest.fixture
def live(store: Store, valkey: redis.asyncio.Redis) -> LiveOffice:
    """The same, behind whatever shows runs too."""
    return LiveOffice(store, valkey, LiveChannel())
