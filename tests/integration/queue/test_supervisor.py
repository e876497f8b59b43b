"""supervise(): a worker process that dies is replaced, its leases handed back at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openclaw_common.contracts.run import RunStatus
from tests.integration.queue.support import Fleet, reached

WAITS = "import os, signal; say(f'{os.getpid()}'); signal.pause()"
IGNORES = f"import signal; signal.signal(signal.SIGTERM, lambda *_: say('heard'))\n{WAITS}; {WAITS}"
STILL_IMPORTS = "say(worker_id); import time; time.sleep(60)"
STARTS_AND_FAILS = "say(worker_id); raise SystemExit(3)"


class Supervisor:
    """A supervisor process, and what its children said."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, child: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.integration.queue.supervised", "supervise"]
        self.process = subprocess.Popen(
            [*command, self._fleet.url, child], cwd=Path(__file__).parents[3]
        )
        return self.process

    async def said(self, count: int) -> list[str]:
        """The first `count` things that children said."""
        client = self._fleet.bench.redis

        async def enough() -> bool:
            return await client.llen("said") >= count

        await reached(enough, 20)
        return [words.decode() for words in await client.lrange("said", 0, count - 1)]

    async def status(self) -> int:
        """The exit status."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, 20)


@pytest.fixture
async def supervisor(fleet: Fleet) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(fleet)
    yield supervisor
    if supervisor.process is not None and supervisor.process.poll() is None:
        supervisor.process.kill()
        await supervisor.status()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False


async def test_a_killed_worker_is_replaced_and_its_run_goes_on_at_once(
    fleet: Fleet, supervisor: Supervisor
) -> None:
    process = supervisor.start("worker")
    run_id = await fleet.bench.submit()
    (pid,) = await supervisor.said(1)
    os.kill(int(pid), signal.SIGKILL)
    # The lease is a minute long: only the supervisor can have handed it back.
    record = await fleet.ended(run_id, 20)
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert await fleet.crashes(run_id) == "1"
    process.terminate()
    assert await supervisor.status() == 0


async def test_sigterm_goes_on_to_the_child_which_hands_back_its_runs(
    fleet: Fleet, supervisor: Supervisor
) -> None:
    process = supervisor.start("worker")
    run_id = await fleet.bench.submit()
    await supervisor.said(1)
    process.terminate()
    assert await supervisor.status() == 0
    assert await fleet.bench.status(run_id) is RunStatus.QUEUED
    assert await fleet.crashes(run_id) == "0"


async def test_a_child_that_is_stopped_before_it_listens_ends_well(supervisor: Supervisor) -> None:
    process = supervisor.start(STILL_IMPORTS)
    await supervisor.said(1)
    process.terminate()
    assert await supervisor.status() == 0


async def test_a_second_signal_kills_a_child_that_takes_no_notice(supervisor: Supervisor) -> None:
    process = supervisor.start(IGNORES)
    await supervisor.said(1)
    process.send_signal(signal.SIGINT)
    assert (await supervisor.said(2))[1] == "heard"
    process.terminate()
    assert await supervisor.status() == 128 + signal.SIGKILL


async def test_a_child_that_ends_well_ends_its_supervisor(supervisor: Supervisor) -> None:
    supervisor.start("say('done')")
    assert await supervisor.status() == 0
    assert await supervisor.said(1) == ["done"]


async def test_a_child_that_fails_is_started_again_under_another_name(
    supervisor: Supervisor,
) -> None:
    process = supervisor.start(STARTS_AND_FAILS)
    names = await supervisor.said(2)
    assert len(set(names)) == 2
    process.terminate()
    assert await supervisor.status() in (0, 3, 128 + signal.SIGTERM)


async def test_a_child_dies_with_its_supervisor(supervisor: Supervisor) -> None:
    process = supervisor.start(WAITS)
    (pid,) = await supervisor.said(1)
    assert alive(int(pid))
    process.kill()
    await reached(lambda: not alive(int(pid)))
