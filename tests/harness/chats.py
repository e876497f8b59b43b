"""A whole gateway in the test's own loop, for what people write in chats and what comes back.

    async with FakeParrot() as parrot, Chats(valkey_url, parrot_config(parrot)) as chats:
        await parrot.post(chats.client, chats.url + "/api/channels/parrot/webhook", Written())
        await parrot.taken(1)

Any channel can take the parrot's place: `channels` is that section of the file, `plugins` replaces
the installed channels. The model says back what it was told (`tests.fakes.provider`); without
`answers` runs are accepted and wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_channels.base import ChannelPlugin
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.store.keys import RUN
from openclaw_common.store.requests import stored_request
from openclaw_common.store.store import Store
from openclaw_delivery.worker import DeliveryService
from openclaw_ingress.service import IngressService
from tests.fakes.parrot_plug import PLUGIN as PARROT
from tests.fakes.provider import FakeProvider

TOKEN = "chats-test-token"
OWNER = {"Authorization": f"Bearer {TOKEN}"}


def parrot_config(url: str, **more: Any) -> dict[str, Any]:
    """The section `channels` for a FakeParrot at `url`, to which everybody may write."""
    return {
        "parrot": {
            "url": url,
            "secret": "parrot-secret",
            "dmPolicy": "open",
            "allowFrom": ["*"],
            **more,
        }
    }


class Chats:
    """An ingress, an agent worker with a fake model, and a delivery service."""

    def __init__(
        self,
        valkey_url: str,
        channels: dict[str, Any],
        *,
        plugins: dict[str, ChannelPlugin] | None = None,
        answers: bool = True,
        config: dict[str, Any] | None = None,
    ) -> None:
        self.provider = FakeProvider()
        self.url = ""
        self.client: aiohttp.ClientSession
        self.store: Store
        self.config: Config
        self._valkey_url = valkey_url
        self._sections = {"channels": channels, **(config or {})}
        self._plugins = {"parrot": PARROT} if plugins is None else plugins
        self._answers = answers
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        stack = self._stack
        try:
            await stack.enter_async_context(self.provider)
            self.config = Config.model_validate(self._settings())
            config, plugins = self.config, self._plugins
            self.store = await Store.connect(
                config.redis, config.runs, config.deliveries, role="test"
            )
            stack.push_async_callback(self.store.close)
            self.client = await stack.enter_async_context(aiohttp.ClientSession())
            if self._answers:
                worker = AgentWorkerService(
                    config, self.store, worker_id="worker-chats", channels=plugins
                )
                stack.push_async_callback(worker.stop)
                await worker.start()
            delivery = DeliveryService(
                config, self.store, worker_id="delivery-chats", environ={}, channels=plugins
            )
            stack.push_async_callback(delivery.stop)
            await delivery.start()
            ingress = IngressService(config, self.store, host="127.0.0.1", port=0, channels=plugins)
            stack.push_async_callback(ingress.stop)
            self.url = f"http://127.0.0.1:{await ingress.start()}"
        except BaseException:
            await stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _settings(self) -> dict[str, Any]:
        return {
            "gateway": {"auth": {"mode": "token", "token": TOKEN}},
            "redis": {"url": self._valkey_url},
            "models": {
                "providers": {
                    "fake": {
                        "baseUrl": self.provider.base_url,
                        "api": "openai-completions",
                        "models": [{"id": "fake", "input": ["text", "image"]}],
                    }
                }
            },
            "agents": {"defaults": {"model": "fake/fake"}, "entries": {"main": {"default": True}}},
            **self._sections,
        }

    async def run_ids(self) -> list[str]:
        """All runs that were accepted."""
        key = self.store.keys.index(RUN)
        return [run.decode() for run in await self.store.client.execute("ZRANGE", key, 0, -1)]

    async def requests(self, session_key: str | None = None) -> list[RunRequest]:
        """What was asked, as a worker would execute it; in a session that waits, in its order."""
        run_ids: Sequence[str] = await self.run_ids()
        if session_key is not None:
            run_ids = (await self.store.session_steps.lane(session_key)).run_ids
        found = [await stored_request(self.store.scripts, run) for run in run_ids]
        return [stored.request for stored in found if stored is not None]
