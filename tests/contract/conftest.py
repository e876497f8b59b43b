"""One fleet for the contract ring: other people's clients against real processes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.harness.fleet import TOKEN, Fleet
from tests.harness.processes import ROOT

PACKAGE = Path(__file__).parent / "node" / "package.json"


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """One ingress and one worker in front of the fake provider."""
    async with Fleet(tmp_path_factory.mktemp("contract")) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder with the official Node SDK, installed on first use and kept beside the venv."""
    folder = ROOT / ".venv" / "node-contract"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = PACKAGE.read_text(encoding="utf-8")
    installed = folder / "package.json"
    if not (folder / "node_modules").is_dir() or installed.read_text(encoding="utf-8") != wanted:
        installed.write_text(wanted, encoding="utf-8")
        subprocess.run(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            env=venv_environ(),
            check=True,
            timeout=100,
        )
    return folder


def venv_environ() -> dict[str, str]:
    """The environment with the virtual environment's own node and npm first."""
    return {**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"}


def client_environ(fleet: Fleet) -> dict[str, str]:
    """What a Node scenario needs to reach the fleet."""
    return {
        **venv_environ(),
        "GATEWAY_URL": fleet.ingresses[0].url,
        "GATEWAY_TOKEN": TOKEN,
    }


def last_json(output: str) -> dict[str, object]:
    """The JSON object on the last line of a scenario's output."""
    parsed: dict[str, object] = json.loads(output.strip().splitlines()[-1])
    return parsed
