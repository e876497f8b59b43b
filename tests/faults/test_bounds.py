"""Promise 7, bounded: past a limit there is a clear answer, and room again later."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.fakes.provider import expected_text
from tests.faults.conftest import RUNS
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient, Transcript


def body(text: str, **more: object) -> dict[str, object]:
    return {"model": "openclaw", "messages": [{"role": "user", "content": text}], **more}


async def test_a_full_session_and_a_full_queue_say_when_to_come_back_and_take_runs_again(
    tmp_path: Path,
) -> None:
    limits = {**RUNS, "maxQueued": 12, "maxQueuedPerSession": 4}
    worker = {"concurrency": 1}
    async with Fleet(tmp_path, workers=1, runs=limits, worker=worker) as fleet:
        client = ResumingClient(fleet.session, fleet.headers)
        url = fleet.ingresses[0].url
        quick = "/fake text tokens=10 seed=q"

        async def accepted(text: str, **more: object) -> asyncio.Task[Transcript]:
            seen = Transcript()
            task = asyncio.create_task(client.read([url], body(text, **more), seen=seen))
            await seen.accepted.wait()
            return task

        async def refused(**more: object) -> tuple[int, str, float]:
            async with fleet.session.post(
                f"{url}/v1/chat/completions",
                json=body("/fake say no", stream=True, **more),
                headers=fleet.headers,
            ) as answer:
                error = json.loads(await answer.text())["error"]
                return answer.status, error["code"], float(answer.headers["Retry-After"])

        # The one slot there is stays taken for as long as the rest of this needs.
        tasks = [await accepted("/fake text tokens=10 delay_ms=400 seed=q", user="one")]
        tasks += [await accepted(quick, user="one") for _ in range(3)]
        status, code, wait_s = await refused(user="one")
        assert (status, code) == (429, "queue_full")
        assert 1 <= wait_s <= 60
        tasks += [await accepted(quick) for _ in range(8)]
        status, code, wait_s = await refused()
        assert (status, code) == (503, "queue_full")
        assert 1 <= wait_s <= 60
        # These come back when they are told to, until they are let in.
        tasks += [
            asyncio.create_task(client.read([url], body(quick, user="one"))),
            asyncio.create_task(client.read([url], body(quick))),
        ]
        async with asyncio.timeout(60):
            for seen in await asyncio.gather(*tasks):
                seen.check()
                assert seen.text == expected_text(10, "q")
