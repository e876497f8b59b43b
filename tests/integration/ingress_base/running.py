"""A real ingress on a real port, for the tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from openclaw_ingress.route import Route
from openclaw_ingress.service import IngressService

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}


def make_config(valkey_url: str, *, ingress: dict[str, Any] | None = None, **more: Any) -> Config:
    """A configuration with a token and the chat endpoint on, and `more` merged into it.

    `ingress` goes around validation, so that limits may be fractions of a second.
    """
    base = {
        "gateway": {
            "auth": {"mode": "token", "token": TOKEN},
            "http": {"endpoints": {"chatCompletions": {"enabled": True}}},
        },
        "redis": {"url": valkey_url},
    }
    config = Config.model_validate(_merged(base, more))
    limits = config.ingress.model_copy(update=ingress or {})
    return config.model_copy(update={"ingress": limits})


def _merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    merged = {**base, **more}
    for name in base.keys() & more.keys():
        if isinstance(base[name], dict):
            merged[name] = _merged(base[name], more[name])
    return merged


@dataclass
class Ingress:
    """What a test needs of a running ingress."""

    service: IngressService
    port: int
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(
        self, path: str, method: str = "GET", **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """The response, and its body decoded when it is JSON."""
        async with (
            asyncio.timeout(10),
            self.client.request(method, self.url + path, **options) as response,
        ):
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            return response, await response.json() if is_json else raw.decode()

    @asynccontextmanager
    async def connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A raw connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def raw(self, request: bytes) -> bytes:
        """Everything the server sends until it closes the connection."""
        async with self.connected() as (reader, writer), asyncio.timeout(5):
            writer.write(request)
            return await reader.read()


@asynccontextmanager
async def running(
    config: Config, *, routes: Sequence[Route] | None = None
) -> AsyncIterator[Ingress]:
    """An ingress with its store, stopped at the end."""
    store = await Store.connect(config.redis, config.runs, role="ingress")
    service = IngressService(config, store, host="127.0.0.1", port=0, routes=routes)
    try:
        port = await service.start()
        async with aiohttp.ClientSession() as client:
            yield Ingress(service, port, client)
    finally:
        await service.stop()
        await store.close()
