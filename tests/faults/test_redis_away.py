"""Redis away, frozen or full: clean answers meanwhile, and everything goes on by itself after."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.fakes.provider import expected_text
from tests.faults.history import check_nothing_left, check_stream, entries
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient, Transcript

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKENS = 40
FRESH_S = 1.1
"""For how long a readiness answer of before may still count."""
ANSWER_LIMIT_S = 5.0
"""redis.timeoutMs, and then some for a loaded machine."""


def body(seed: str) -> dict[str, object]:
    text = f"/fake text tokens={TOKENS} delay_ms=60 seed={seed}"
    return {"model": "openclaw", "messages": [{"role": "user", "content": text}]}


@asynccontextmanager
async def killed(fleet: Fleet) -> AsyncIterator[None]:
    """Valkey is gone: connections are refused."""
    await fleet.kill_valkey()
    yield
    await fleet.start_valkey()


@asynccontextmanager
async def frozen(fleet: Fleet) -> AsyncIterator[None]:
    """Valkey is silent: connections are made and nothing is answered."""
    os.kill(fleet.valkey_pid, signal.SIGSTOP)
    yield
    os.kill(fleet.valkey_pid, signal.SIGCONT)


@asynccontextmanager
async def full(fleet: Fleet) -> AsyncIterator[None]:
    """Valkey refuses every write."""
    async with fleet.redis() as valkey:
        await valkey.config_set("maxmemory-policy", "noeviction")
        await valkey.config_set("maxmemory", "1mb")
        yield
        await valkey.config_set("maxmemory", "0")


def pids(fleet: Fleet) -> list[int]:
    """Every process of the fleet, those below supervisors included."""
    workers = [pid for worker in fleet.workers for pid in (worker.process.pid, worker.pid)]
    return workers + [ingress.process.pid for ingress in fleet.ingresses]


async def seconds_until_refused(fleet: Fleet) -> float:
    """Post a run, assert that it is refused as a client should be told, and return how long."""
    asked = time.monotonic()
    url = f"{fleet.ingresses[0].url}/v1/chat/completions"
    async with fleet.session.post(url, json=body("no"), headers=fleet.headers) as answer:
        assert answer.status == 503, await answer.text()
        assert (await answer.json())["error"]["code"] == "store_unavailable"
        assert int(answer.headers["Retry-After"]) >= 1
    return time.monotonic() - asked


async def status(fleet: Fleet, path: str) -> list[int]:
    """What every replica answers to a probe."""
    found = []
    for ingress in fleet.ingresses:
        async with fleet.session.get(ingress.url + path) as answer:
            found.append(answer.status)
    return found


@pytest.mark.parametrize(
    ("trouble", "seconds", "readiness"),
    [
        (killed, 3, 503),
        pytest.param(full, 3, 200, marks=pytest.mark.faults),
        pytest.param(killed, 20, 503, marks=pytest.mark.faults),
        pytest.param(frozen, 12, 503, marks=pytest.mark.faults),
        pytest.param(full, 15, 200, marks=pytest.mark.faults),
    ],
)
async def test_without_redis_runs_are_refused_clearly_and_everything_goes_on_after(
    fleet: Fleet,
    client: ResumingClient,
    trouble: Callable[[Fleet], AbstractAsyncContextManager[None]],
    seconds: float,
    readiness: int,
) -> None:
    await fleet.workers_ready()
    urls = [ingress.url for ingress in fleet.ingresses]
    before = pids(fleet)
    histories = [Transcript() for _ in range(12)]
    readings = [
        asyncio.create_task(client.read(urls, body(f"a{index}_"), seen=seen))
        for index, seen in enumerate(histories)
    ]
    async with asyncio.timeout(10):
        await asyncio.gather(*(seen.accepted.wait() for seen in histories))
    async with trouble(fleet):
        until = time.monotonic() + seconds
        await asyncio.sleep(FRESH_S)
        while time.monotonic() < until:
            assert await seconds_until_refused(fleet) < ANSWER_LIMIT_S
            assert await status(fleet, "/readyz") == [readiness] * len(urls)
            assert await status(fleet, "/healthz") == [200] * len(urls)
            await asyncio.sleep(0.2)

    async def ready() -> bool:
        return await status(fleet, "/readyz") == [200] * len(urls)

    await fleet.until(ready, "every ingress is ready again", 5)
    async with asyncio.timeout(60):
        await asyncio.gather(*readings)
    async with fleet.redis() as valkey:
        for index, seen in enumerate(histories):
            seen.check()
            assert not seen.errors
            assert seen.text == expected_text(TOKENS, f"a{index}_")
            check_stream(await entries(valkey, seen.run_id))
        await check_nothing_left(valkey)
    assert pids(fleet) == before
