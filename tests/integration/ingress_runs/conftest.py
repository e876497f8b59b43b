"""Three replicas with every route, and a worker that does what a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from openclaw_common.runtime.config import Config
from tests.integration.ingress_runs.api import Api, running_api


@pytest.fixture
def settings() -> dict[str, Any]:
    """Sections of the configuration that a test sets otherwise."""
    return {}


@pytest.fixture
async def api(valkey_url: str, settings: dict[str, Any]) -> AsyncIterator[Api]:
    """The gateway's API."""
    config = Config.model_validate(
        {
            "gateway": {
                "auth": {"mode": "none"},
                "http": {"endpoints": {"chatCompletions": {"enabled": True}}},
            },
            "agents": {"entries": {"main": {"default": True}, "beta": {}}},
            "models": {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1"}}},
            "redis": {"url": valkey_url},
            **settings,
        }
    )
    quick = config.runs.model_copy(update={"renew_ms": 50})
    async with running_api(config.model_copy(update={"runs": quick})) as api:
        yield api
