"""A store, and a configuration that a test may change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from tests.integration.automation.support import Bench


@pytest.fixture
def sections() -> dict[str, Any]:
    """Sections of the configuration that a test replaces, by overriding this fixture."""
    return {}


@pytest.fixture
def config(valkey_url: str, sections: dict[str, Any]) -> Config:
    base = {
        "redis": {"url": valkey_url},
        "channels": {"telegram": {}, "slack": {"defaultAccount": "main"}},
    }
    return Config.model_validate({**base, **sections})


@pytest.fixture
async def bench(config: Config, valkey: redis.asyncio.Redis) -> AsyncIterator[Bench]:
    """Nothing is scheduled yet."""
    store = await Store.connect(config.redis, config.runs, role="test")
    yield Bench(config, store, valkey)
    await store.close()
