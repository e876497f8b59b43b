"""Three replicas with every route and the gateway's secret, and a worker that obeys a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_common.runtime.config import Config
from tests.integration.ingress_keys.house import HOOK_TOKEN, SECRET, House, open_house


@pytest.fixture
def config(valkey_url: str) -> Config:
    """Every endpoint on."""
    return Config.model_validate(
        {
            "gateway": {
                "auth": {"mode": "token", "token": SECRET},
                "http": {
                    "endpoints": {
                        "chatCompletions": {"enabled": True},
                        "responses": {"enabled": True},
                    }
                },
            },
            "hooks": {"enabled": True, "token": HOOK_TOKEN},
            "agents": {"entries": {"main": {"default": True}, "beta": {}}},
            "redis": {"url": valkey_url},
        }
    )


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    """The gateway and its keys."""
    async with open_house(config) as house:
        yield house
