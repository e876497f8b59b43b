"""`openclaw-gateway up` as a real process in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

COMMAND = Path(sys.executable).with_name("openclaw-gateway")
END_LIMIT_S = 15


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without any setting of a gateway, and with `folder` as home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENCLAW_", "OPENAI_", "ANTHROPIC_"))
    }
    return {**kept, "HOME": str(folder), **(more or {})}


def command(*words: str, folder: Path, more: Mapping[str, str] | None = None) -> Any:
    """Run `openclaw-gateway` in `folder` to its end."""
    return subprocess.run(
        [COMMAND, *words],
        cwd=folder,
        env=environment(folder, more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@dataclass
class GatewayProcess:
    """A gateway that is ready; `report` is the line of JSON that it printed."""

    popen: subprocess.Popen[str]
    report: dict[str, Any]
    folder: Path

    @classmethod
    def start(cls, folder: Path, more: Mapping[str, str] | None = None) -> GatewayProcess:
        """Start it on a free port and wait until it has reported."""
        with (folder / "stderr.log").open("a", encoding="utf-8") as errors:
            popen = subprocess.Popen(
                [COMMAND, "up", "--json", "--port", "0"],
                cwd=folder,
                env=environment(folder, more),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert popen.stdout is not None
        if not (line := popen.stdout.readline()):
            popen.stdout.close()
            popen.wait(END_LIMIT_S)
            pytest.fail((folder / "stderr.log").read_text(encoding="utf-8"))
        return cls(popen, json.loads(line), folder)

    @property
    def url(self) -> str:
        return str(self.report["url"])

    def session(self) -> aiohttp.ClientSession:
        """An HTTP client that holds the token."""
        headers = {"Authorization": f"Bearer {self.report['token']}"}
        return aiohttp.ClientSession(self.url, headers=headers)

    def children(self) -> dict[int, str]:
        """The command lines of the processes it started, by pid."""
        pid = self.popen.pid
        listed = Path(f"/proc/{pid}/task").glob("*/children")
        pids = [word for path in listed for word in path.read_text(encoding="ascii").split()]
        return {int(pid): _command_line(int(pid)) for pid in pids}

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status, as Popen has it."""
        self.popen.send_signal(number)
        return self.popen.wait(END_LIMIT_S)

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.popen.poll() is None:
            self.stop(signal.SIGKILL)
        assert self.popen.stdout is not None
        self.popen.stdout.close()


def _command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode()


def all_ended(pids: Mapping[int, str]) -> bool:
    """Whether every process of `pids` ends within a few seconds."""
    deadline = time.monotonic() + END_LIMIT_S
    # There is nothing to wait on: these are no children of this process.
    while any(_command_line(pid) == line for pid, line in pids.items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
