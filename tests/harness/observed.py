"""A whole gateway with side ports: a fleet, a delivery process, a fake Telegram, some load.

async with ObservedGateway(tmp_path) as gateway:
    await gateway.load()
    await gateway.metrics("agent-worker")
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.fakes.channels.faults import Fault
from tests.fakes.channels.telegram import FakeTelegram
from tests.harness.fleet import HOOK_TOKEN, Fleet
from tests.harness.processes import Process, free_port, python, start

BOT_TOKEN = "123456789:AAH-planted_bot_token-0123456789abcd"
PROVIDER_KEY = "sk-planted-provider-key-0123456789abcdef"
CHAT = "42"
ROLES = ("ingress", "agent-worker", "delivery")


class ObservedGateway:
    """`environ` is what all processes get beside their own; the log format is JSON."""

    def __init__(self, folder: Path, *, environ: dict[str, str] | None = None) -> None:
        self.telegram = FakeTelegram()
        self.telegram.token = BOT_TOKEN
        self.ports = {role: free_port() for role in ROLES}
        self.folder = folder
        self.fleet: Fleet
        self.delivery: Process
        self._environ = {"OPENCLAW_LOG_FORMAT": "json", **(environ or {})}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        await self._stack.enter_async_context(self.telegram)
        cost = {"input": 2.0, "output": 8.0}
        model = {"id": "fake", "name": "fake", "cost": cost}
        self.fleet = Fleet(
            self.folder,
            ingresses=0,
            workers=0,
            provider={"apiKey": PROVIDER_KEY, "models": [model]},
            config={
                "health": {"host": "127.0.0.1"},
                "hooks": {"enabled": True, "token": HOOK_TOKEN},
                "tools": {"allow": ["current_time"]},
                "channels": {
                    "telegram": {"botToken": BOT_TOKEN, "apiRoot": self.telegram.base_url}
                },
                "deliveries": {"retryScheduleSeconds": [0.1, 0.1]},
            },
        )
        await self._stack.enter_async_context(self.fleet)
        self.fleet.start_worker(environ=self._for("agent-worker"))
        config = ["--config", str(self.fleet.config_path)]
        command = python("-m", "openclaw_delivery", *config)
        self.delivery = start("delivery", command, self.folder, self._for("delivery"))
        self._stack.push_async_callback(self.delivery.end)
        await self.fleet.start_ingress(environ=self._for("ingress"))
        for role in ROLES:
            await self.until_ready(role)

    def _for(self, role: str) -> dict[str, str]:
        return {**self._environ, "OPENCLAW_HEALTH_PORT": str(self.ports[role])}

    @property
    def url(self) -> str:
        """The ingress."""
        return self.fleet.ingresses[0].url

    async def probe(self, role: str, path: str) -> tuple[int, str]:
        """Ask a side port; status 0 where nothing answers within three seconds."""
        try:
            async with self.fleet.session.get(
                f"http://127.0.0.1:{self.ports[role]}{path}",
                timeout=aiohttp.ClientTimeout(total=3),
            ) as answer:
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    async def until_ready(self, role: str) -> None:
        """Return once the process is ready."""

        async def ready() -> bool:
            return (await self.probe(role, "/readyz"))[0] == 200

        await self.fleet.until(ready, f"{role} is ready", 40)

    async def metrics(self, role: str) -> str:
        """Return what Prometheus would be given."""
        return (await self.probe(role, "/metrics"))[1]

    async def chat(self, text: str, *, stream: bool = True) -> str:
        """Ask the agent; returns the body."""
        async with self.fleet.session.post(
            f"{self.url}/v1/chat/completions",
            json={
                "model": "openclaw",
                "messages": [{"role": "user", "content": text}],
                "stream": stream,
            },
            headers=self.fleet.headers,
        ) as answer:
            return await answer.text()

    async def hook(self, text: str, *, token: str = HOOK_TOKEN) -> dict[str, Any]:
        """Start a run whose result goes to the chat."""
        async with self.fleet.session.post(
            f"{self.url}/hooks/agent",
            json={
                "message": text,
                "name": "Demo",
                "deliver": True,
                "channel": "telegram",
                "to": CHAT,
            },
            headers={"X-OpenClaw-Token": token},
        ) as answer:
            said: dict[str, Any] = await answer.json()
            return said

    async def trace(self, run_id: str) -> str:
        """Return the spans of a run whose delivery has ended, once they have all been kept."""
        spans = ""

        async def kept() -> bool:
            nonlocal spans
            async with self.fleet.session.get(
                f"{self.url}/v1/runs/{run_id}/trace", headers=self.fleet.headers
            ) as answer:
                spans = await answer.text()
            return answer.status == 200 and "process deliveries" in spans

        await self.fleet.until(kept, "the spans are kept")
        return spans

    async def load(self) -> None:
        """Do a little of everything: answers, tools, failures, deliveries, refusals."""
        await asyncio.gather(
            *(self.chat("/fake text tokens=20 delay_ms=10 cached=3") for _ in range(4)),
            self.chat("/fake text tokens=3 reasoning=4", stream=False),
            self.chat("/fake tool name=current_time args={}"),
            self.chat("/fake status code=400"),
            self.chat("/fake status code=500 times=1"),
        )
        self.telegram.plan(Fault.rate_limit(0.2), Fault.server_error(), Fault.permanent("chat"))
        for number in range(4):
            await self.hook(f"/fake say number {number}")
        await self.hook("/fake say nothing", token="wrong")
        await self.all_ended()

    async def all_ended(self) -> None:
        """Return once no run and no delivery is open."""

        async def ended() -> bool:
            async with self.fleet.redis() as client:
                kinds = ("run", "delivery")
                return not any([await client.zcard(f"openclaw:{{c0}}:{k}:open") for k in kinds])

        await self.fleet.until(ended, "everything has ended", 30)

    def logs(self) -> dict[str, str]:
        """Return what each process of the gateway logged."""
        names = ("ingress", "worker", "delivery")
        return {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(self.folder.glob("*.log"))
            if path.name.startswith(names)
        }

    def entries(self) -> list[dict[str, Any]]:
        """Return the lines of all logs."""
        lines = [line for log in self.logs().values() for line in log.splitlines(keepends=True)]
        # The last line may be half written.
        return [json.loads(line) for line in lines if line.endswith("\n")]
