"""The stack of docker-compose.yml with fake platforms beside it, started and looked at.

    with Stack(folder) as stack:
        stack.url, stack.containers("agent-worker"), stack.restart(container)

Everything is reached over ports that are published on 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.containers.engine import compose_command, engine, inspect, run
from tests.harness.processes import free_port

FILES = ("docker-compose.yml", "tests/containers/stack.yml")
ENV_FILE = "tests/containers/stack.env"
SERVICES = ("valkey", "ingress", "agent-worker", "delivery", "proxy")
TOKEN = "containers-test-token"
HOOK_TOKEN = "containers-hook-token"
START_LIMIT_S = 180
log = logging.getLogger("containers")


class Stack:
    """One project of Compose; what its containers said is kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = f"openclaw-test-{os.getpid()}"
        self.port, self.provider_port, self.telegram_port = free_port(), free_port(), free_port()

    @property
    def url(self) -> str:
        """The proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def provider_url(self) -> str:
        return f"http://127.0.0.1:{self.provider_port}"

    @property
    def telegram_url(self) -> str:
        return f"http://127.0.0.1:{self.telegram_port}"

    @property
    def headers(self) -> dict[str, str]:
        """What an authenticated client sends."""
        return {"Authorization": f"Bearer {TOKEN}"}

    def __enter__(self) -> Self:
        began = time.monotonic()
        try:
            self.compose("up", "-d", "--no-build", timeout_s=START_LIMIT_S)
            for container in self.containers():
                self.wait_healthy(container)
        except BaseException as error:
            error.add_note(self.unwell())
            self.__exit__()
            raise
        log.info("started %d containers in %.1f s", len(self.containers()), _since(began))
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.save_logs()
        finally:
            self.compose("down", "-v", "-t", "5", "--remove-orphans", timeout_s=120)
            log.info("took the stack down; logs are in %s", self.folder)

    def compose(self, *words: str, timeout_s: float = 120) -> str:
        """Run Compose on the project."""
        files = [word for name in FILES for word in ("-f", name)]
        ports = {
            "OPENCLAW_PUBLISH": f"127.0.0.1:{self.port}",
            "PROVIDER_PORT": str(self.provider_port),
            "TELEGRAM_PORT": str(self.telegram_port),
        }
        command = [*compose_command(), *files, "--env-file", ENV_FILE, "-p", self.project, *words]
        return run(command, ports, timeout_s=timeout_s)

    def containers(self, service: str = "") -> list[str]:
        """Return the containers of a service, or all of them, by name."""
        label = "com.docker.compose"
        filters = ["--filter", f"label={label}.project={self.project}"]
        if service:
            filters += ["--filter", f"label={label}.service={service}"]
        return sorted(engine("ps", "-a", *filters, "--format", "{{.Names}}").split())

    def wait_healthy(self, container: str, limit_s: float = START_LIMIT_S) -> None:
        """Return once the engine calls the container healthy."""
        ends = time.monotonic() + limit_s
        while (state := inspect(container)["State"])["Health"]["Status"] != "healthy":
            if time.monotonic() > ends or state["Status"] == "exited":
                raise AssertionError(
                    f"{container} is not well: {json.dumps(state)}\n{self.said(container)}"
                )
            time.sleep(0.25)

    def stop(self, container: str) -> int:
        """Ask a container to stop as its platform would; return its exit status."""
        engine("stop", "-t", "30", container)
        status: int = inspect(container)["State"]["ExitCode"]
        return status

    def start(self, container: str) -> None:
        """Start a container that has ended, and wait until it is healthy."""
        engine("start", container)
        self.wait_healthy(container)

    def unwell(self) -> str:
        """Return the last words of every container that is not healthy."""
        unwell = [
            name
            for name in self.containers()
            if inspect(name)["State"].get("Health", {}).get("Status") != "healthy"
        ]
        return "\n".join(f"== {name}\n{self.said(name)}" for name in unwell)

    def said(self, container: str) -> str:
        """Return what a container wrote."""
        command = 'docker logs --tail 40 "$0" 2>&1 || true'
        return run(["sh", "-c", command, container])

    def save_logs(self) -> None:
        """Keep what every container wrote."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for container in self.containers():
            command = 'docker logs "$0" >"$1" 2>&1 || true'
            run(["sh", "-c", command, container, str(self.folder / f"{container}.log")])

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, limit_s: float = 60
    ) -> None:
        """Wait until the async `condition` is true."""
        try:
            async with asyncio.timeout(limit_s):
                while not await condition():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not within {limit_s} s: {what}") from None

    async def run_of(self, session: aiohttp.ClientSession, run_id: str) -> dict[str, Any]:
        """Return a run as the gateway shows it."""
        async with session.get(f"{self.url}/v1/runs/{run_id}", headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
            shown: dict[str, Any] = await answer.json()
            return shown


def _since(began: float) -> float:
    return time.monotonic() - began
