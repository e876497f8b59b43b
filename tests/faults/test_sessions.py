"""Promise 3, lane order: the runs of one session never overlap and keep their order."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from openclaw_common.store.keys import RUN
from tests.faults.history import KEYS, check_session_order
from tests.harness.fleet import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("sessions", "messages"), [(12, 8), pytest.param(50, 20, marks=pytest.mark.faults)]
)
async def test_messages_of_a_session_are_answered_one_by_one_in_the_order_of_acceptance(
    fleet: Fleet, sessions: int, messages: int
) -> None:
    await fleet.workers_ready()

    async def converse(session: int) -> None:
        run_ids = []
        answers = []
        for message in range(messages):
            url = fleet.ingresses[message % len(fleet.ingresses)].url
            body = {
                "model": "openclaw",
                "user": f"u{messages}-{session}",
                "stream": True,
                "messages": [{"role": "user", "content": f"/fake say {session}/{message}"}],
            }
            answer = await fleet.session.post(
                f"{url}/v1/chat/completions", json=body, headers=fleet.headers
            )
            assert answer.status == 200
            run_ids.append(answer.headers["x-run-id"])
            answers.append(asyncio.create_task(answer.read()))
        for message, task in enumerate(answers):
            raw = await task
            assert f"{session}/{message}".encode() in raw
            assert raw.endswith(b"data: [DONE]\n\n")
        async with fleet.redis() as valkey:
            await check_session_order(valkey, run_ids)
            key = KEYS.transcript(f"agent:main:openai-user:u{messages}-{session}")
            transcript = orjson.dumps([orjson.loads(m) for m in await valkey.lrange(key, 0, -1)])
        positions = [transcript.index(f'say {session}/{m}"'.encode()) for m in range(messages)]
        assert positions == sorted(positions)

    async with asyncio.timeout(110):
        await asyncio.gather(*(converse(session) for session in range(sessions)))
    async with fleet.redis() as valkey:
        assert await valkey.zcard(KEYS.open(RUN)) == 0
