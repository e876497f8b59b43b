"""The stand-ins run alone too, for tests of whole systems."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE

import aiohttp
import orjson
import pytest

from tests.unit.repository.tree import ROOT


@pytest.mark.parametrize("name", ["telegram", "discord", "signal", "signal_container", "slack"])
async def test_a_platform_runs_as_a_process_and_is_scripted_over_http(name: str) -> None:
    command = [sys.executable, "-m", f"tests.fakes.channels.{name}", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            said = orjson.loads(await process.stdout.readline())
            root = f"http://127.0.0.1:{said['port']}"
            plan = {"faults": [{"kind": "rate_limit", "retry_after_s": 2}, None]}
            async with http.post(f"{root}/_plan", json=plan) as answer:
                assert await answer.json() == {"planned": 2}
            chance = {"random": {"seed": 1, "rates": {"hang": 0.1}}}
            async with http.post(f"{root}/_plan", json=chance) as answer:
                assert answer.status == 200
            for log in ("accepted", "attempts"):
                async with http.get(f"{root}/_{log}") as answer:
                    assert await answer.json() == {log: []}
    finally:
        process.terminate()
        await process.wait()
    assert process.returncode == 0
