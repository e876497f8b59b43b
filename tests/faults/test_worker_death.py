"""Promises 1, 2 and 4 when workers die: kill -9, with and without a supervisor."""

from __future__ import annotations

import asyncio
import time

import pytest

from openclaw_common.store.keys import RUN
from tests.fakes.provider import expected_text
from tests.faults.conftest import LEASE_MS
from tests.faults.history import KEYS, check_stream, entries, text_of_last_attempt
from tests.harness.fleet import Fleet, Worker
from tests.harness.stream_client import ResumingClient, Transcript

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKENS = 80
LOST_HOST_LIMIT_S = LEASE_MS / 1000 + 1


def body(index: int) -> dict[str, object]:
    text = f"/fake text tokens={TOKENS} delay_ms=40 seed=w{index}_"
    return {"model": "openclaw", "messages": [{"role": "user", "content": text}]}


async def start_streams(
    fleet: Fleet, client: ResumingClient, count: int, *, first: int = 0
) -> list[asyncio.Task[Transcript]]:
    """Start streams and return once every run is in progress and has published text."""
    urls = [ingress.url for ingress in fleet.ingresses]
    before = await owners(fleet)
    indices = range(first, first + count)
    tasks = [asyncio.create_task(client.read(urls, body(index))) for index in indices]

    async def all_streaming() -> bool:
        running = {run: owner for run, owner in (await owners(fleet)).items() if run not in before}
        if len(running) < count:
            return False
        async with fleet.redis() as valkey:
            lengths = [await valkey.xlen(KEYS.events(RUN, run)) for run in running]
        return min(lengths) > 4

    await fleet.until(all_streaming, "all runs stream")
    return tasks


async def owners(fleet: Fleet) -> dict[str, bytes]:
    """Runs in progress and the worker that owns each."""
    async with fleet.redis() as valkey:
        open_runs = await valkey.zrange(KEYS.open(RUN), 0, -1)
        found = {}
        for run in open_runs:
            owner = await valkey.hget(KEYS.record(RUN, run.decode()), "owner")
            if owner:
                found[run.decode()] = owner
        return found


async def kill_and_time(fleet: Fleet, victim: Worker) -> list[float]:
    """kill -9 a worker; return the seconds until each of its runs has another attempt."""
    name = victim.worker_id.encode()
    lost = [run for run, owner in (await owners(fleet)).items() if owner == name]
    assert lost, "the victim held no run"
    killed_at = time.monotonic()
    victim.kill()
    return await recovery_times(fleet, lost, killed_at)


async def recovery_times(fleet: Fleet, runs: list[str], killed_at: float) -> list[float]:
    """Seconds from the kill until each run has its second attempt."""
    times: dict[str, float] = {}

    async def all_taken_over() -> bool:
        async with fleet.redis() as valkey:
            for run in runs:
                attempt = int(await valkey.hget(KEYS.record(RUN, run), "attempt"))
                if attempt >= 2 and run not in times:
                    times[run] = time.monotonic() - killed_at
        return len(times) == len(runs)

    await fleet.until(all_taken_over, "every run of the dead worker has a second attempt")
    return sorted(times.values())


async def check_all(fleet: Fleet, tasks: list[asyncio.Task[Transcript]]) -> None:
    async with asyncio.timeout(60):
        transcripts = await asyncio.gather(*tasks)
    async with fleet.redis() as valkey:
        for index, seen in enumerate(transcripts):
            seen.check()
            assert not seen.errors
            assert seen.text == expected_text(TOKENS, f"w{index}_")
            stream = await entries(valkey, seen.run_id)
            check_stream(stream)
            assert text_of_last_attempt(stream) == seen.text


# Two of the three workers have 64 slots, so that there is room for the runs of the dead one.
@pytest.mark.parametrize("streams", [24, pytest.param(60, marks=pytest.mark.faults)])
async def test_a_killed_worker_under_its_supervisor_is_replaced_and_no_reader_notices(
    fleet: Fleet, client: ResumingClient, streams: int
) -> None:
    await fleet.workers_ready()
    tasks = await start_streams(fleet, client, streams)
    held = list((await owners(fleet)).values())
    victim = max(fleet.workers, key=lambda worker: held.count(worker.worker_id.encode()))
    times = await kill_and_time(fleet, victim)
    assert times[int(len(times) * 0.95)] < 0.5
    await check_all(fleet, tasks)


async def test_a_worker_lost_with_its_host_is_replaced_within_the_lease_and_a_second(
    fleet: Fleet, client: ResumingClient
) -> None:
    lone = fleet.start_worker(supervised=False)
    await fleet.workers_ready()
    tasks: list[asyncio.Task[Transcript]] = []
    async with asyncio.timeout(60):
        # Which of the four workers claims a run is nobody's to say.
        while lone.worker_id.encode() not in (await owners(fleet)).values():
            tasks += await start_streams(fleet, client, 32, first=len(tasks))
    times = await kill_and_time(fleet, lone)
    assert times[-1] < LOST_HOST_LIMIT_S
    await check_all(fleet, tasks)
