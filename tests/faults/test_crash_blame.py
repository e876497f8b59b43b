"""Who is blamed for a crash: the run that kills its worker, not those that ran beside it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from openclaw_common.store.keys import RUN
from tests.fakes.provider import expected_text
from tests.faults.conftest import LEASE_MS, RUNS
from tests.faults.history import KEYS, check_stream, entries
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient, Transcript

TOKENS = 30
MOST_CRASHES = 3


def innocents(fleet: Fleet, client: ResumingClient, count: int) -> list[asyncio.Task[Transcript]]:
    """Start runs that do no harm."""
    texts = [f"/fake text tokens={TOKENS} delay_ms=50 seed=b{index}_" for index in range(count)]
    bodies = [
        {"model": "openclaw", "messages": [{"role": "user", "content": text}]} for text in texts
    ]
    return [asyncio.create_task(client.read([fleet.ingresses[0].url], body)) for body in bodies]


async def check(fleet: Fleet, tasks: list[asyncio.Task[Transcript]]) -> None:
    async with asyncio.timeout(90):
        transcripts = await asyncio.gather(*tasks)
    async with fleet.redis() as valkey:
        for index, seen in enumerate(transcripts):
            check_stream(await entries(valkey, seen.run_id))
            assert not seen.errors, (index, seen.errors)
            assert seen.text == expected_text(TOKENS, f"b{index}_")


@pytest.mark.parametrize(
    ("poisons", "beside"), [(1, 4), pytest.param(4, 40, marks=pytest.mark.faults)]
)
async def test_a_run_that_kills_its_worker_becomes_a_dead_letter_and_no_other_run_fails(
    tmp_path: Path, poisons: int, beside: int
) -> None:
    module = "tests.faults.poison_worker"
    async with Fleet(tmp_path, workers=2, runs=RUNS, worker_module=module) as fleet:
        client = ResumingClient(fleet.session, fleet.headers)
        tasks = innocents(fleet, client, beside)
        body = {"model": "openclaw", "messages": [{"role": "user", "content": "/poison"}]}
        async with asyncio.timeout(100):
            ends = await asyncio.gather(
                *(client.read([fleet.ingresses[0].url], body) for _ in range(poisons))
            )
        await check(fleet, tasks)
        async with fleet.redis() as valkey:
            for end in ends:
                end.check()
                assert [error["code"] for error in end.errors] == ["attempts_exhausted"]
                crashes = await valkey.hget(KEYS.record(RUN, end.run_id), "crashes")
                assert int(crashes) <= MOST_CRASHES
            dead = {run_id.decode() for run_id in await valkey.zrange(KEYS.dead(RUN), 0, -1)}
        assert dead == {end.run_id for end in ends}


@pytest.mark.faults
async def test_pauses_of_redis_longer_than_a_lease_are_the_fault_of_no_run(tmp_path: Path) -> None:
    async with Fleet(tmp_path, workers=3, runs=RUNS) as fleet:
        client = ResumingClient(fleet.session, fleet.headers)
        tasks = innocents(fleet, client, 20)

        async def crashes() -> list[int]:
            async with fleet.redis() as valkey:
                records = [key.removesuffix(b":events") for key in await valkey.keys("*:events")]
                return [int(await valkey.hget(record, "crashes")) for record in records]

        async def all_run() -> bool:
            async with fleet.redis() as valkey:
                records = [key.removesuffix(b":events") for key in await valkey.keys("*:events")]
                states = [await valkey.hget(record, "status") for record in records]
            return len(states) == len(tasks) and b"queued" not in states

        for pause in range(3):
            await fleet.until(all_run, f"all runs are under way before pause {pause}")
            os.kill(fleet.valkey_pid, signal.SIGSTOP)
            await asyncio.sleep(3 * LEASE_MS / 1000)
            os.kill(fleet.valkey_pid, signal.SIGCONT)
        await check(fleet, tasks)
        assert set(await crashes()) == {0}
