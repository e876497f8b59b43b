"""Gateways of the chat tests: no authentication, short times."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from openclaw_common.runtime.config import Config
from tests.integration.ingress_chat.gateway import Gateway, running


@pytest.fixture
def limits() -> dict[str, Any]:
    """`ingress` and `runs` settings that a test replaces, fractions of seconds included."""
    return {}


@pytest.fixture
def config(valkey_url: str, limits: dict[str, Any]) -> Config:
    base = Config.model_validate(
        {
            "gateway": {
                "auth": {"mode": "none"},
                "http": {"endpoints": {"chatCompletions": {"enabled": True}}},
            },
            "agents": {"entries": {"main": {"default": True}, "beta": {}}},
            "models": {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1"}}},
            "redis": {"url": valkey_url},
        }
    )
    runs = {"disconnect_grace_seconds": 0.1, "renew_ms": 50, **limits.get("runs", {})}
    return base.model_copy(
        update={
            "ingress": base.ingress.model_copy(update=limits.get("ingress", {})),
            "runs": base.runs.model_copy(update=runs),
        }
    )


@pytest.fixture
async def gateway(config: Config) -> AsyncIterator[Gateway]:
    """Two replicas and a worker."""
    async with running(config, replicas=2) as gateway:
        yield gateway
