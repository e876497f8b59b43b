"""A real ingress with hooks on, and a look at what its hooks left in Redis."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from openclaw_channels.base import ChannelError, ChannelPlugin
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from openclaw_ingress.service import IngressService

TOKEN = "your-hook-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
GATEWAY = {"Authorization": "Bearer a-gateway-token"}


def parse_target(target: str) -> tuple[str, str | None]:
    """The fake channels' targets are `[<channel>:]<to>[/<thread>]`, without blanks."""
    to, _, thread = re.sub(r"\A(?:discord|signal|slack|telegram):", "", target).partition("/")
    if not to or " " in to:
        raise ChannelError(f"{target!r} is no target")
    return to, thread or None


def sends_nothing(*_: object) -> Any:
    raise ChannelError("hooks send nothing")


CHANNELS = {
    name: ChannelPlugin(name, parse_target, sends_nothing)
    for name in ("discord", "signal", "slack", "telegram")
}


def config_of(valkey_url: str, hooks: dict[str, Any] | None = None, **more: Any) -> Config:
    """A configuration with hooks on as in the seed, `hooks` laid over it."""
    return Config.model_validate(
        {
            "gateway": {"auth": {"mode": "token", "token": "a-gateway-token"}},
            "hooks": {"enabled": True, "token": TOKEN, **(hooks or {})},
            "redis": {"url": valkey_url},
            **more,
        }
    )


@dataclass
class Hooked:
    """One replica, and the store behind it."""

    url: str
    client: aiohttp.ClientSession
    store: Store
    service: IngressService

    async def post(
        self, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """POST under `/hooks`; `headers` replace those of an authenticated sender."""
        sent = BEARER if headers is None else headers
        if body is not None:
            options["json"] = body
        return await self.ask("POST", f"/hooks{path}", headers=sent, **options)

    async def ask(
        self, method: str, path: str, **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """The response, and its body decoded when it is JSON."""
        async with (
            asyncio.timeout(10),
            self.client.request(method, self.url + path, **options) as response,
        ):
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            return response, await response.json() if is_json else raw.decode()

    async def run(self, run_id: str) -> RunRequest:
        """The request of an accepted run, as a worker would read it."""
        scripts = self.store.scripts
        key = scripts.keys.record(scripts.kind, run_id)
        return RunRequest.decode(await self.store.client.execute("HGET", key, "payload"))

    async def run_ids(self) -> list[str]:
        """The runs that were accepted and have not ended."""
        scripts = self.store.scripts
        key = scripts.keys.open(scripts.kind)
        return [run.decode() for run in await self.store.client.execute("ZRANGE", key, 0, -1)]

    async def runs(self) -> int:
        """How many they are."""
        return len(await self.run_ids())


@asynccontextmanager
async def hooked(
    config: Config, *, channels: dict[str, ChannelPlugin] | None = CHANNELS
) -> AsyncIterator[Hooked]:
    """An ingress with its store, stopped at the end; no worker takes its runs.

    Without `channels` the installed ones hold.
    """
    store = await Store.connect(config.redis, config.runs, role="ingress")
    service = IngressService(config, store, host="127.0.0.1", port=0, channels=channels)
    try:
        port = await service.start()
        async with aiohttp.ClientSession() as client:
            yield Hooked(f"http://127.0.0.1:{port}", client, store, service)
    finally:
        await service.stop()
        await store.close()
