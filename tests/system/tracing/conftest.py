"""A whole gateway of real processes whose spans go to a collector of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.channels.telegram import TOKEN as BOT_TOKEN
from tests.fakes.channels.telegram import FakeTelegram
from tests.fakes.otlp import FakeCollector
from tests.harness.fleet import HOOK_TOKEN, Fleet
from tests.harness.processes import Process, python, start

JSON_LOGS = {"OPENCLAW_LOG_FORMAT": "json"}


@dataclass(eq=False)
class Traced:
    """The processes, the platform and the collector."""

    fleet: Fleet
    telegram: FakeTelegram
    collector: FakeCollector
    delivery: Process

    async def hook(self, message: str, headers: dict[str, str] | None = None) -> Any:
        """Post a hook whose result is sent to a chat; return the answer and its headers."""
        async with self.fleet.session.post(
            f"{self.fleet.ingresses[0].url}/hooks/agent",
            json={"message": message, "deliver": True, "channel": "telegram", "to": "42"},
            headers={"X-OpenClaw-Token": HOOK_TOKEN, **(headers or {})},
        ) as answer:
            body = await answer.json()
            assert answer.status == 200, body
            return body, answer.headers

    async def get(self, path: str) -> Any:
        """Return what the API answers the operator."""
        url = f"{self.fleet.ingresses[0].url}{path}"
        async with self.fleet.session.get(url, headers=self.fleet.headers) as answer:
            return await answer.json()

    def logs(self) -> str:
        """Everything that the processes have logged."""
        processes = [item.process for item in (*self.fleet.ingresses, *self.fleet.workers)]
        return "".join(p.log.read_text(encoding="utf-8") for p in (*processes, self.delivery))


@pytest.fixture
async def traced(tmp_path: Path) -> AsyncIterator[Traced]:
    async with FakeTelegram() as telegram, FakeCollector() as collector:
        fleet = Fleet(
            tmp_path,
            ingresses=0,
            workers=0,
            config={
                "hooks": {"enabled": True, "token": HOOK_TOKEN},
                "channels": {
                    "telegram": {
                        "botToken": BOT_TOKEN,
                        "apiRoot": telegram.base_url,
                        "dmPolicy": "open",
                        "allowFrom": ["*"],
                    }
                },
                "tracing": {"flushMs": 100},
                "tools": {"profile": "full"},
            },
        )
        async with fleet:
            environ = {**collector.environ, **JSON_LOGS}
            command = python("-m", "openclaw_delivery", "--config", str(fleet.config_path))
            delivery = start("delivery", command, tmp_path, environ)
            try:
                await fleet.start_ingress(environ=environ)
                fleet.start_worker(environ=environ)
                await fleet.workers_ready()
                yield Traced(fleet, telegram, collector, delivery)
            finally:
                await delivery.end()
