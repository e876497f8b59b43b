"""An ingress that serves deliveries, and the delivery process's side of the same Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import redis.asyncio

from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from openclaw_ingress.routes import DEAD_LETTERS, DELIVERIES, RUNS
from openclaw_ingress.service import IngressService
from tests.integration.delivery.support import Office


@dataclass
class Api:
    """The gateway's side, as a client sees it."""

    url: str
    client: aiohttp.ClientSession
    office: Office

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Return the status and the JSON body."""
        async with self.client.request(method, self.url + path, **options) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Any:
        """Return the body of what must be there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str | None]:
        """Return the status and the code of an error."""
        status, body = await self.ask(method, path, **options)
        return status, body["error"].get("code")


@pytest.fixture
async def api(valkey_url: str, valkey: redis.asyncio.Redis) -> AsyncIterator[Api]:
    """An ingress without authentication and an office on one Redis."""
    config = Config.model_validate(
        {"gateway": {"auth": {"mode": "none"}}, "redis": {"url": valkey_url}}
    )
    store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
    routes = (*DELIVERIES, *DEAD_LETTERS, *RUNS)
    service = IngressService(config, store, host="127.0.0.1", port=0, routes=routes)
    port = await service.start()
    async with aiohttp.ClientSession() as client:
        yield Api(f"http://127.0.0.1:{port}", client, Office(store, valkey))
    await service.stop()
    await store.close()
