"""Promise 10, drain: SIGTERM under load fails no run and no resuming client."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.fakes.provider import expected_text
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient

TOKENS = 50


@pytest.mark.parametrize("streams", [30, pytest.param(120, marks=pytest.mark.faults)])
async def test_sigterm_of_every_process_in_turn_fails_no_run(tmp_path: Path, streams: int) -> None:
    async with Fleet(
        tmp_path,
        ingresses=2,
        workers=2,
        ingress={"drainSeconds": 1},
        worker={"drainSeconds": 1},
    ) as fleet:
        urls = [ingress.url for ingress in fleet.ingresses]
        client = ResumingClient(fleet.session, fleet.headers)

        async def one(index: int) -> None:
            text = f"/fake text tokens={TOKENS} delay_ms=60 seed=d{index}_"
            body = {"model": "openclaw", "messages": [{"role": "user", "content": text}]}
            seen = await client.read(urls if index % 2 else urls[::-1], body)
            seen.check()
            assert not seen.errors
            assert seen.text == expected_text(TOKENS, f"d{index}_")

        tasks = [asyncio.create_task(one(index)) for index in range(streams)]

        async def under_way() -> bool:
            async with fleet.redis() as valkey:
                return len(await valkey.keys("*:events")) >= streams

        await fleet.until(under_way, "all runs are accepted")
        leaving = list(fleet.workers)
        for _ in leaving:
            fleet.start_worker()
        await fleet.workers_ready()
        for worker in leaving:
            worker.process.send(signal.SIGTERM)
            assert await worker.process.wait() == 0, worker.process.tail()
            fleet.workers.remove(worker)
        fleet.ingresses[0].process.send(signal.SIGTERM)
        assert await fleet.ingresses[0].process.wait() == 0, fleet.ingresses[0].process.tail()
        async with asyncio.timeout(60):
            await asyncio.gather(*tasks)
