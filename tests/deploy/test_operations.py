"""Every command of docs/operations.md is run, against a gateway in the state that it is for.

A block marked `sh` is run line by line; other blocks need a cluster, or change a real server's
passwords. What stands for `valkey-cli` and `curl` sends the same and fails as they do.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml

from tests.deploy.kubectl import overlay
from tests.harness.fleet import TOKEN, Fleet
from tests.harness.processes import ROOT, free_port, python, start

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip()
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.M | re.S)
    for line in block.splitlines()
]
SHIMS = Path(__file__).parent / "shims"


async def _post(fleet: Fleet, path: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{fleet.ingresses[0].url}{path}"
    async with fleet.session.post(url, json=body, headers=fleet.headers) as answer:
        found: dict[str, Any] = await answer.json()
        assert answer.status < 300, found
        return found


async def _run(fleet: Fleet, text: str, **more: Any) -> str:
    return str((await _post(fleet, "/v1/runs", {"input": text, **more}))["id"])


async def _ended(fleet: Fleet, run: str) -> dict[str, Any]:
    url = f"{fleet.ingresses[0].url}/v1/runs/{run}?wait=20"
    async with fleet.session.get(url, headers=fleet.headers) as answer:
        found: dict[str, Any] = await answer.json()
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def variables(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """The page's variables, of a gateway with a long run, failed ones, and deliveries that fail."""
    folder = tmp_path_factory.mktemp("operations")
    away = f"http://127.0.0.1:{free_port()}"
    config = {
        "channels": {"telegram": {"botToken": "123456:token", "apiRoot": away}},
        "hooks": {"enabled": True, "token": "operations-hook-token"},
    }
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet(folder, config=config))
        command = python("-m", "openclaw_delivery", "--config", str(fleet.config_path))
        delivery = start("delivery", command, folder)
        stack.push_async_callback(delivery.end)
        failed, dead = [await _run(fleet, "/fake status code=400") for _ in range(2)]
        assert {(await _ended(fleet, run))["status"] for run in (failed, dead)} == {"failed"}
        owed = []
        for _ in range(2):
            to = {"channel": "telegram", "to": "42"}
            run = await _run(fleet, "/fake text tokens=2", delivery=to)
            owed += (await _ended(fleet, run))["delivery"]["ids"]
        key = await _post(fleet, "/v1/keys", {"name": "old", "scopes": ["chat"]})
        yield {
            "OPENCLAW_GATEWAY_URL": fleet.ingresses[0].url,
            "OPENCLAW_GATEWAY_TOKEN": TOKEN,
            "OPENCLAW_REDIS_URL": fleet.redis_url,
            "FAILED": failed,
            "DEAD": dead,
            "DELIVERY": owed[0],
            "PENDING": owed[1],
            "KEY": str(key["id"]),
            "FOLDER": str(folder),
            "PROVIDER": fleet.provider_url,
        }


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_command_of_the_page_works(command: str, variables: dict[str, str]) -> None:
    environ = {**os.environ, **variables, "PYTHON": sys.executable}
    environ["PATH"] = f"{SHIMS}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Of its own session, so that it waits for no other command's run.
    environ["SESSION"] = f"agent:main:stuck-{COMMANDS.index(command)}"
    if "$RUN" in command or "$SESSION" in command:
        environ["RUN"] = await _stuck(variables, environ["SESSION"])
    folder = Path(variables["FOLDER"])
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"set -u; {command}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        cwd=folder,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode() or output.decode()
    if command.startswith("curl"):
        assert output.startswith(b"401" if "/hooks/" in command else b"20"), output
    if "lane:" in command or "$RUN" in command or "presence" in command:
        assert output.strip() not in (b"", b"[]", b"{}", b"None", b"[None, None, None, None]")


async def _stuck(variables: dict[str, str], session: str) -> str:
    """Make a run that works for two seconds, and return its id."""
    url = f"{variables['OPENCLAW_GATEWAY_URL']}/v1/runs"
    body = {"input": "/fake text tokens=4 delay_ms=500", "session_key": session}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json=body, headers=headers) as answer,
    ):
        assert answer.status == 202
        return str((await answer.json())["id"])


def test_commands_for_a_cluster_name_what_is_there() -> None:
    names = {
        (resource["kind"].lower(), resource["metadata"]["name"])
        for resource in overlay("production")
    }
    named = set(re.findall(r"\b(deployment|scaledobject)[/ ](openclaw-[a-z-]+)", PAGE))
    assert named
    assert named <= names


def test_every_symptom_has_a_command_to_begin_with() -> None:
    symptoms = PAGE.partition("\n# Symptoms\n")[2].split("\n## ")[1:]
    without = [it.partition("\n")[0] for it in symptoms if "```" not in it]
    assert without == ["Streams break off", "The event loop lags"]


def test_every_alert_leads_to_a_heading_of_the_page() -> None:
    path = ROOT / "deploy" / "observability" / "rules" / "gateway.alerts.yml"
    (group,) = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.M)
    }
    for alert in group["rules"]:
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert page == "docs/operations.md"
        for queue in ("runs", "deliveries"):
            assert anchor.replace("{{ $labels.queue }}", queue) in headings, alert["alert"]
