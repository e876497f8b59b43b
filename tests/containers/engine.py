"""The container engine of this machine, by its command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tests.harness.processes import ROOT

REQUIRED = "OPENCLAW_ENGINE"
"""`required`: tests fail where there is no engine, instead of using what is embedded."""
HANDED_ON = ("DOCKER_", "PIP_", "TESTCONTAINERS_", "PYTHON_IMAGE", "VALKEY_IMAGE")
SURROUNDINGS = {"PATH", "HOME", "LANG", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}


@cache
def available() -> bool:
    """Whether an engine answers; raises RuntimeError where one is required and none does."""
    asked = ("docker", "version", "--format", "{{.Server.Version}}")
    if shutil.which("docker"):
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode == 0:
            return True
        reason = done.stderr
    else:
        reason = "there is no `docker`"
    if os.environ.get(REQUIRED) == "required":
        raise RuntimeError(f"no container engine answers: {reason}")
    return False


def environ(more: Mapping[str, str]) -> dict[str, str]:
    """Return what a command of the engine is run with: nothing of what a `.env` may set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(HANDED_ON) or name.upper() in SURROUNDINGS
    }
    return {**kept, **more}


def run(
    command: Sequence[str], more: Mapping[str, str] | None = None, *, timeout_s: float = 120
) -> str:
    """Return what `command` prints; raises AssertionError with all it said when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ(more or {}),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def engine(*words: str, timeout_s: float = 120) -> str:
    """Run the engine's command line."""
    return run(["docker", *words], timeout_s=timeout_s)


def inspect(what: str) -> dict[str, Any]:
    """Return what the engine knows about an image or container."""
    found: dict[str, Any] = json.loads(engine("inspect", what))[0]
    return found


@cache
def compose_command() -> tuple[str, ...]:
    """Return how Compose is called here; raises RuntimeError where it is not installed."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    raise RuntimeError("neither `docker compose` nor `docker-compose` is installed")
