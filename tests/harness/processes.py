"""Real processes: started with their own log file, ended by pid, never by name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now.

    Below the range from which the kernel takes the ports of clients: there a client that tries to
    reconnect to a stopped server can be given the server's own port and connect to itself.
    """
    while True:
        port = secrets.randbelow(12_000) + 20_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(eq=False)
class Process:
    """One child process and the file its output goes to."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def children(self) -> list[int]:
        """Pids of its direct children."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        with contextlib.suppress(OSError):
            return [int(pid) for pid in path.read_text(encoding="ascii").split()]
        return []

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    async def wait(self, timeout_s: float = 20) -> int:
        """Wait for the end and return the exit status."""
        return await asyncio.to_thread(self.popen.wait, timeout_s)

    async def end(self) -> None:
        """Kill it, with what it started."""
        for pid in [*self.children(), self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self.wait()

    def tail(self, characters: int = 4000) -> str:
        """The end of its output."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-characters:]


def start(
    name: str, command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> Process:
    """Start `command` with output to `<folder>/<name>.log`."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})},
        )
    return Process(name, popen, log)


def python(*arguments: str) -> list[str]:
    """The command line of this interpreter."""
    return [sys.executable, *arguments]
