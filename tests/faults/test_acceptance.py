"""Promise 1, accepted is durable: the ingress or Redis goes away right after the answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.provider import expected_text
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_ingress_killed_right_after_accepting_a_run_loses_nothing(fleet: Fleet) -> None:
    survivor = fleet.ingresses[0]
    for round_ in range(3):
        doomed = await fleet.start_ingress()
        body = {
            "model": "openclaw",
            "stream": True,
            "messages": [
                {"role": "user", "content": f"/fake text tokens=30 delay_ms=10 seed=i{round_}_"}
            ],
        }
        answer = await fleet.session.post(
            f"{doomed.url}/v1/chat/completions", json=body, headers=fleet.headers
        )
        run_id = answer.headers["x-run-id"]
        doomed.process.popen.kill()
        answer.close()
        fleet.ingresses.remove(doomed)
        await doomed.process.end()
        async with fleet.session.get(
            f"{survivor.url}/v1/runs/{run_id}?wait=30", headers=fleet.headers
        ) as record:
            run = await record.json()
        assert run["status"] == "completed"
        assert run["output"] == expected_text(30, f"i{round_}_")


async def test_runs_and_streams_survive_a_restart_of_redis(
    fleet: Fleet, client: ResumingClient
) -> None:
    urls = [ingress.url for ingress in fleet.ingresses]
    bodies = [
        {
            "model": "openclaw",
            "messages": [
                {"role": "user", "content": f"/fake text tokens=60 delay_ms=50 seed=r{i}_"}
            ],
        }
        for i in range(20)
    ]
    tasks = [asyncio.create_task(client.read(urls, body)) for body in bodies]

    async def under_way() -> bool:
        async with fleet.redis() as valkey:
            return len(await valkey.keys("*:events")) >= len(bodies)

    await fleet.until(under_way, "all runs are accepted")
    await fleet.restart_valkey()
    async with asyncio.timeout(60):
        transcripts = await asyncio.gather(*tasks)
    for index, seen in enumerate(transcripts):
        seen.check()
        assert not seen.errors
        assert seen.text == expected_text(60, f"r{index}_")
