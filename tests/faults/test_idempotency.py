"""Promise 5, idempotency: one key is one run, also when Redis restarts in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fakes.provider import expected_text
from tests.harness.fleet import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASK = "/fake text tokens=20 delay_ms=5 seed={}_"


def _bodies(seed: str) -> list[tuple[str, dict[str, Any]]]:
    text = ASK.format(seed)
    chat = {"model": "openclaw", "messages": [{"role": "user", "content": text}]}
    return [
        ("/v1/runs", {"input": text}),
        ("/v1/chat/completions", chat),
        ("/v1/chat/completions", {**chat, "stream": True}),
    ]


async def _post(fleet: Fleet, replica: int, path: str, body: Any, key: str) -> tuple[str, bool]:
    url = fleet.ingresses[replica % len(fleet.ingresses)].url
    headers = {**fleet.headers, "Idempotency-Key": key}
    async with fleet.session.post(url + path, json=body, headers=headers) as answer:
        await answer.read()
        assert answer.status in (200, 202)
        replayed = answer.headers.get("Idempotency-Replayed") == "true"
        return answer.headers["x-run-id"], replayed


async def test_equal_requests_before_and_after_a_restart_of_redis_are_one_run(
    fleet: Fleet,
) -> None:
    cases = [(path, body, f"key-{n}") for n, (path, body) in enumerate(_bodies("idem"))]
    first = {}
    async with asyncio.timeout(60):
        for path, body, key in cases:
            answers = await asyncio.gather(*(_post(fleet, n, path, body, key) for n in range(30)))
            (first[key],) = {run_id for run_id, _ in answers}
            assert sum(replayed for _, replayed in answers) == 29
        await fleet.restart_valkey()
        for path, body, key in cases:
            answers = await asyncio.gather(*(_post(fleet, n, path, body, key) for n in range(30)))
            assert answers == [(first[key], True)] * 30
        assert len(set(first.values())) == len(cases)
        url = f"{fleet.ingresses[0].url}/v1/runs/{first['key-0']}?wait=30"
        async with fleet.session.get(url, headers=fleet.headers) as answer:
            run = await answer.json()
    assert run["output"] == expected_text(20, "idem_")
