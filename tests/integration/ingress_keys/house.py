"""The gateway as holders of different keys see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from openclaw_common.runtime.config import Config
from tests.integration.ingress_chat.gateway import Gateway, running
from tests.integration.ingress_runs.api import remember

SECRET = "the-gateway-s-secret"
HOOK_TOKEN = "a-hook-token"
CHAT = "/v1/chat/completions"
HELLO = {"model": "openclaw", "messages": [{"role": "user", "content": "hello"}]}
ALL_BUT_ADMIN = [
    "chat",
    "hooks",
    "tools",
    "runs:read",
    "runs:write",
    "deliveries:read",
    "deliveries:write",
]


class House:
    """Replicas, asked one after another."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.store = gateway.store
        self._turn = 0

    async def ask(
        self,
        method: str,
        path: str,
        key: str = SECRET,
        body: Any = None,
        *,
        replica: int | None = None,
        **options: Any,
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """Return a response and its JSON body, None for another one."""
        self._turn += 1
        chosen = self.gateway.replicas[(self._turn if replica is None else replica) % 3]
        headers = {"Authorization": f"Bearer {key}", **options.pop("headers", {})}
        async with (
            asyncio.timeout(10),
            chosen.client.request(
                method, chosen.url + path, json=body, headers=headers, **options
            ) as response,
        ):
            raw = await response.read()
            # The worker here is no tool: what it says is not the JSON of a result.
            is_json = response.content_type == "application/json" and b'"result":answer' not in raw
            return response, json.loads(raw) if is_json else None

    async def make(self, *scopes: str, name: str = "a key", **more: Any) -> dict[str, Any]:
        """Make a key; return the whole answer."""
        body = {"name": name, "scopes": list(scopes) or ALL_BUT_ADMIN, **more}
        response, made = await self.ask("POST", "/v1/keys", body=body)
        assert response.status == 201, made
        return dict(made)

    async def key(self, *scopes: str, **more: Any) -> str:
        """Make a key; return what is presented."""
        return str((await self.make(*scopes, **more))["key"])

    async def status(self, method: str, path: str, key: str, body: Any = None) -> int:
        """Return the status of an answer."""
        return (await self.ask(method, path, key, body))[0].status

    async def run(self, key: str, **body: Any) -> str:
        """Create a run with a key; return its id when it has ended."""
        response, run = await self.ask("POST", "/v1/runs", key, {"input": "hi", **body})
        assert response.status == 202, run
        run_id = str(run["id"])
        await self.ask("GET", f"/v1/runs/{run_id}?wait=5")
        return run_id


@asynccontextmanager
async def open_house(config: Config) -> AsyncIterator[House]:
    """Three replicas and a worker."""
    async with running(config, replicas=3, routes=None) as gateway:
        gateway.script = remember
        yield House(gateway)
