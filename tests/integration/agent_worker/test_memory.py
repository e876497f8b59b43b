"""What a worker process takes of memory with one provider family in use."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import resident_mib
from benchmarks.providers import FAMILIES
from tests.harness.fleet import Fleet

LIMIT_BYTES = 130_000_000


@pytest.mark.parametrize("api", FAMILIES)
async def test_an_idle_worker_that_has_answered_stays_small(tmp_path: Path, api: str) -> None:
    provider: dict[str, Any] = {"api": api, "baseUrl": FAMILIES[api]}
    async with Fleet(tmp_path, provider=provider) as fleet:
        url = fleet.ingresses[0].url + "/v1/chat/completions"
        message = {"role": "user", "content": "/fake text tokens=50"}
        body = {"model": "openclaw", "messages": [message]}
        async with (
            asyncio.timeout(20),
            fleet.session.post(url, json=body, headers=fleet.headers) as answer,
        ):
            assert answer.status == 200
            said = (await answer.json())["choices"][0]["message"]["content"]
            assert said.endswith("tok49 ")
        assert resident_mib(fleet.workers[0].pid) * 1024**2 < LIMIT_BYTES
