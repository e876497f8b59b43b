"""Promise 4, fencing: a worker that was stopped past its lease changes nothing when it goes on.

The last test runs the same scenario with the fencing taken out and must see it fail, so that this
file is known to be able to.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from openclaw_common.store.keys import RUN
from tests.fakes.provider import expected_text
from tests.faults.conftest import RUNS
from tests.faults.history import KEYS, Entry, check_stream, entries, text_of_last_attempt
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient

TOKENS = 40


async def _attempt(fleet: Fleet, run_id: str, at_least: int) -> bool:
    async with fleet.redis() as valkey:
        return int(await valkey.hget(KEYS.record(RUN, run_id), "attempt") or 0) >= at_least


async def _events(fleet: Fleet, run_id: str) -> list[Entry]:
    async with fleet.redis() as valkey:
        return await entries(valkey, run_id)


async def stop_a_worker_past_its_lease_and_let_it_go_on(fleet: Fleet) -> tuple[str, str]:
    """Run the scenario; return the run id and the text that a reader saw."""
    reader = ResumingClient(fleet.session, fleet.headers)
    text = f"/fake text tokens={TOKENS} delay_ms=60 seed=z"
    body = {"model": "openclaw", "messages": [{"role": "user", "content": text}]}
    reading = asyncio.create_task(reader.read([fleet.ingresses[0].url], body))

    async def streaming() -> bool:
        async with fleet.redis() as valkey:
            runs = await valkey.zrange(KEYS.open(RUN), 0, -1)
        return bool(runs) and len(await _events(fleet, runs[0].decode())) > 10

    await fleet.until(streaming, "the run streams")
    async with fleet.redis() as valkey:
        run_id = (await valkey.zrange(KEYS.open(RUN), 0, -1))[0].decode()
        owner = (await valkey.hget(KEYS.record(RUN, run_id), "owner")).decode()
    zombie = next(worker for worker in fleet.workers if worker.worker_id == owner)
    zombie.signal(signal.SIGSTOP)
    await fleet.until(lambda: _attempt(fleet, run_id, 2), "another worker took the run over")
    await fleet.until(lambda: _published(fleet, run_id, 2, 5), "the second attempt streams")
    stopped_at = [entry for entry in await _events(fleet, run_id) if entry.attempt == 1]
    zombie.signal(signal.SIGCONT)
    async with asyncio.timeout(40):
        seen = await reading
    after = [entry for entry in await _events(fleet, run_id) if entry.attempt == 1]
    assert after == stopped_at, "the stale attempt wrote"
    seen.check()
    assert not seen.errors
    assert all(worker.process.popen.poll() is None for worker in fleet.workers)
    return run_id, seen.text


async def _published(fleet: Fleet, run_id: str, attempt: int, count: int) -> bool:
    return sum(e.attempt == attempt for e in await _events(fleet, run_id)) > count


async def _check(fleet: Fleet) -> None:
    run_id, text = await stop_a_worker_past_its_lease_and_let_it_go_on(fleet)
    stream = await _events(fleet, run_id)
    check_stream(stream)
    assert text == expected_text(TOKENS, "z")
    assert text_of_last_attempt(stream) == text


async def test_a_worker_stopped_past_its_lease_writes_nothing_when_it_goes_on(
    tmp_path: Path,
) -> None:
    async with Fleet(tmp_path, workers=2, supervised=False, runs=RUNS) as fleet:
        await _check(fleet)


async def test_without_fencing_the_same_scenario_is_seen_to_fail(tmp_path: Path) -> None:
    async with Fleet(
        tmp_path,
        workers=2,
        supervised=False,
        runs=RUNS,
        worker_module="tests.faults.unfenced_worker",
    ) as fleet:
        # What the stale attempt wrote stands between the words of the one that took over.
        with pytest.raises(AssertionError, match="began again with another answer"):
            await _check(fleet)
