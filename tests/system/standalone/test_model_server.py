"""`openclaw-model`: the embedded model on a port of its own."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp

from tests.harness.processes import free_port, python, start

START_LIMIT_S = 60


async def test_it_answers_with_its_key_and_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    port = free_port()
    command = python("-m", "openclaw_standalone.model_server", "--port", str(port))
    process = start("model", command, tmp_path)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            async with asyncio.timeout(START_LIMIT_S):
                await healthy(session)
            body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 4}
            statuses = []
            for key in ("local-model", "another"):
                headers = {"Authorization": f"Bearer {key}"}
                url = "/v1/chat/completions"
                async with session.post(url, json=body, headers=headers) as answer:
                    statuses.append(answer.status)
        process.send(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        await process.end()
    assert statuses == [200, 401]


async def healthy(session: aiohttp.ClientSession) -> None:
    while True:
        try:
            async with session.get("/health") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.05)
