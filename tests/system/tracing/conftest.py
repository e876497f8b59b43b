"""A whole gateway of real processes whose spans go to a collector of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

    async def hook(
        self, message: str, headers: dict[str, str] | None = None, *, to: str = "42"
    ) -> Any:
        """Post a hook whose result is sent to a chat; return the answer and its headers."""
        async with self.fleet.session.post(
            f"{self.fleet.ingresses[0].url}/hooks/agent",
            json={"message": message, "deliver": True, "channel": "telegram", "to": to},
            headers={"X-OpenClaw-Token": HOOK_TOKEN, **(headers or {})},
        ) as answer:
            body = await answer.json()
            assert answer.status == 200, body
            return body, answer.headers

    async def get(self, path: str) -> Any:
        """Return what the API answers the operator."""
        return (await self.ask("GET", path))[0]

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """Return what the API answers the operator, and its headers."""
        async with self.fleet.session.request(
            method,
            f"{self.fleet.ingresses[0].url}{path}",
            json=body,
            headers={**self.fleet.headers, **(headers or {})},
        ) as answer:
            return await answer.json(), answer.headers

    def logs(self) -> str:
        """Everything that the processes have logged."""
        processes = [item.process for item in (*self.fleet.ingresses, *self.fleet.workers)]
        return "".join(p.log.read_text(encoding="utf-8") for p in (*processes, self.delivery))


@asynccontextmanager
async def gateway(
    folder: Path,
    *,
    environ: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    cells: int = 1,
) -> AsyncIterator[Traced]:
    """Have all processes, with more variables and sections of the configuration."""
    async with FakeTelegram() as telegram, FakeCollector() as collector:
        fleet = Fleet(
            folder,
            ingresses=0,
            workers=0,
            cells=cells,
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
                "deliveries": {"retryScheduleSeconds": [0.1, 0.1]},
                **(config or {}),
            },
        )
        async with fleet:
            told = {**collector.environ, **JSON_LOGS, **(environ or {})}
            command = python("-m", "openclaw_delivery", "--config", str(fleet.config_path))
            delivery = start("delivery", command, folder, told)
            try:
                await fleet.start_ingress(environ=told)
                fleet.start_worker(environ=told)
                await fleet.workers_ready()
                yield Traced(fleet, telegram, collector, delivery)
            finally:
                await delivery.end()


@pytest.fixture
async def traced(tmp_path: Path) -> AsyncIterator[Traced]:
    async with gateway(tmp_path) as made:
        yield made
