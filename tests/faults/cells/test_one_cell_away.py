"""One of two cells is killed: the other's lanes are served, the first's lose nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.fakes.provider import expected_text
from tests.faults.history import check_nothing_left, check_stream, entries
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient, Transcript

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKENS = 40
EACH = 6
"""Streams of each cell that are open when one is killed, and questions to it meanwhile."""
ANSWER_LIMIT_S = 5.0
"""redis.timeoutMs, and then some for a loaded machine."""


def users(fleet: Fleet, cell: int, count: int, name: str) -> list[str]:
    """Return users whose sessions are in a cell."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        user = f"{name}{number}"
        if fleet.placement.of_session(f"agent:main:openai-user:{user}")[0] == cell:
            found.append(user)
        number += 1
    return found


def body(user: str, seed: str, tokens: int = TOKENS) -> dict[str, object]:
    text = f"/fake text tokens={tokens} delay_ms=60 seed={seed}"
    return {"model": "openclaw", "user": user, "messages": [{"role": "user", "content": text}]}


async def ask(fleet: Fleet, replica: int, user: str) -> tuple[int, str | None, float]:
    """Return the status, `Retry-After` and duration of a question."""
    asked = time.monotonic()
    url = f"{fleet.ingresses[replica].url}/v1/chat/completions"
    short = body(user, "q", 2)
    async with fleet.session.post(url, json=short, headers=fleet.headers) as answer:
        await answer.read()
        return answer.status, answer.headers.get("Retry-After"), time.monotonic() - asked


@pytest.mark.parametrize("away", [0, 1])
async def test_the_other_cells_lanes_are_served_and_the_firsts_answer_503_and_lose_nothing(
    fleet: Fleet, client: ResumingClient, away: int
) -> None:
    await fleet.workers_ready()
    urls = [ingress.url for ingress in fleet.ingresses]
    open_users = [user for cell in (0, 1) for user in users(fleet, cell, EACH, f"open{away}-")]
    histories = [Transcript() for _ in open_users]
    readings = [
        asyncio.create_task(client.read(urls, body(user, f"{user}_"), seen=seen))
        for user, seen in zip(open_users, histories, strict=True)
    ]
    async with asyncio.timeout(10):
        await asyncio.gather(*(seen.accepted.wait() for seen in histories))
    await fleet.kill_valkey(away)
    async with asyncio.timeout(60):
        for number, user in enumerate(users(fleet, 1 - away, EACH, f"here{away}-")):
            status, _, seconds = await ask(fleet, number % 2, user)
            assert status == 200, (number, status)
            assert seconds < ANSWER_LIMIT_S
        for number, user in enumerate(users(fleet, away, EACH, f"gone{away}-")):
            status, retry_after, seconds = await ask(fleet, number % 2, user)
            assert (status, seconds < ANSWER_LIMIT_S) == (503, True)
            assert int(retry_after or 0) >= 1
        for url in urls:
            async with fleet.session.get(f"{url}/readyz", headers=fleet.headers) as answer:
                report = await answer.json()
                assert answer.status == 200
                assert [cell["reachable"] for cell in report["cells"]] == [
                    cell != away for cell in (0, 1)
                ]
        await asyncio.gather(*readings[(1 - away) * EACH : (2 - away) * EACH])
    await fleet.start_valkey(away)
    async with asyncio.timeout(60):
        await asyncio.gather(*readings)
    async with fleet.redis() as valkey:
        for user, seen in zip(open_users, histories, strict=True):
            seen.check()
            assert not seen.errors
            assert seen.text == expected_text(TOKENS, f"{user}_")
            check_stream(await entries(valkey, seen.run_id))
        await check_nothing_left(valkey)
