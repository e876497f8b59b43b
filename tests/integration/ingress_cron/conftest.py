"""An ingress and, for looking at what it did, its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from openclaw_ingress.service import IngressService

TOKEN = "cron-test-token"
JOB = {
    "id": "j",
    "name": "Hourly",
    "schedule": {"kind": "every", "everyMs": 3_600_000},
    "payload": {"kind": "agentTurn", "message": "hello"},
}


@dataclass
class Gateway:
    """One ingress, as an authenticated client sees it."""

    store: Store
    config: Config
    url: str
    client: aiohttp.ClientSession

    async def ask(self, method: str, path: str = "", **options: Any) -> tuple[int, Any]:
        """Send a request for `/v1/cron<path>`; returns status and JSON."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            asyncio.timeout(5),
            self.client.request(
                method, f"{self.url}/v1/cron{path}", headers=headers, **options
            ) as answer,
        ):
            return answer.status, await answer.json()

    async def make(self, **fields: Any) -> Any:
        """Make a job and return it."""
        status, job = await self.ask("POST", json={**JOB, **fields})
        assert status == 201, job
        return job


@pytest.fixture
def sections() -> dict[str, Any]:
    """Sections of the configuration that a test replaces, by overriding this fixture."""
    return {}


@pytest.fixture
async def gateway(valkey_url: str, sections: dict[str, Any]) -> AsyncIterator[Gateway]:
    config = Config.model_validate(
        {
            "gateway": {"auth": {"mode": "token", "token": TOKEN}},
            "redis": {"url": valkey_url},
            "agents": {"entries": {"main": {"default": True}, "beta": {}}},
            **sections,
        }
    )
    store = await Store.connect(config.redis, config.runs, role="test")
    service = IngressService(config, store, host="127.0.0.1", port=0)
    port = await service.start()
    try:
        async with aiohttp.ClientSession() as client:
            yield Gateway(store, config, f"http://127.0.0.1:{port}", client)
    finally:
        await service.stop()
        await store.close()
