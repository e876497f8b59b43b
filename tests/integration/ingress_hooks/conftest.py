"""One replica with the hooks of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.ingress_hooks.hooked import Hooked, config_of, hooked

AGENTS = {"entries": {"main": {"default": True}, "ops": {}}}


@pytest.fixture
def settings() -> dict[str, Any]:
    """`hooks` of a test."""
    return {}


@pytest.fixture
async def gateway(valkey_url: str, settings: dict[str, Any]) -> AsyncIterator[Hooked]:
    """One replica."""
    models = {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1"}}}
    channels = {
        "discord": {"defaultTo": "channel:7", "accounts": {"ops": {"defaultTo": "channel:8"}}}
    }
    config = config_of(valkey_url, settings, agents=AGENTS, models=models, channels=channels)
    async with hooked(config) as gateway:
        yield gateway
