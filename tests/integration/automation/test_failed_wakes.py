"""A wake whose turn fails: the events that it left are looked at again, but not over and over."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.keys import RUN
from tests.integration.automation.support import MAIN, Bench

OTHER = "agent:main:hook:x"


@pytest.fixture
def sections() -> dict[str, Any]:
    return {"runs": {"wakeSpacingMs": 0, "wakeRetryMs": 1000, "wakeRetryMaxMs": 3000}}


def _entry(session: str = MAIN) -> str:
    return f"wake:main:{session}"


async def _push(bench: Bench, text: str, session: str = MAIN) -> None:
    await bench.store.system_events.push(session, "main", text, wake=True)


async def _end(bench: Bench, status: str) -> None:
    """Let every run that waits be claimed, and end so."""
    for lease in await bench.claim():
        await lease.finish(RunStatus(status), events=[(f"run.{status}", b"{}")])

    async def test_events_that_a_failed_turn_left_wake_again_less_and_less_often(
        self, bench: Bench
    ) -> None:
        await _push(bench, "look")
        waits_ms = []
        for _ in range(4):
            await bench.look()
            await _end(bench, "failed")
            waits_ms.append((await bench.due(_entry()) or 0) - await bench.store.schedule.now_ms())
            await bench.make_due(_entry())
        assert len(await bench.runs()) == 4
        assert [-(-wait_ms // 1000) for wait_ms in waits_ms] == [1, 2, 3, 3]

    async def test_after_one_that_completed_the_wait_is_short_again(self, bench: Bench) -> None:
        for text, status in (("a", "failed"), ("b", "failed"), ("c", "completed"), ("d", "failed")):
            await _push(bench, text)
            await bench.look()
            await _end(bench, status)
        wait_ms = (await bench.due(_entry()) or 0) - await bench.store.schedule.now_ms()
        assert 0 < wait_ms <= 1000

    async def test_a_heartbeat_that_stood_in_for_a_wake_owes_it_too(self, bench: Bench) -> None:
        await bench.hear_from()
        await bench.plan()
        await bench.make_due("heartbeat:main")
        await bench.look()
        await _push(bench, "look")
        await bench.look()
        assert len(await bench.runs()) == 1
        assert await bench.due(_entry()) is None
        await _end(bench, "failed")
        assert await bench.due(_entry()) is not None

    async def test_nothing_wakes_for_events_that_are_read_or_a_turn_that_was_cancelled(
        self, bench: Bench
    ) -> None:
        await _push(bench, "look")
        await bench.look()
        await _push(bench, "look", OTHER)
        await bench.look()
        await bench.redis.delete(bench.store.keys.system_events(MAIN))
        _, second = await bench.run_ids()
        await bench.store.runs.cancel(second)
        await _end(bench, "failed")
        assert await bench.due(_entry()) is None
        assert await bench.due(_entry(OTHER)) is None

    async def test_a_turn_that_waited_too_long_to_begin_is_made_up_for(self, bench: Bench) -> None:
        await _push(bench, "look")
        await bench.look()
        (run_id,) = await bench.run_ids()
        keys = bench.store.keys
        await bench.redis.hset(keys.record(RUN, run_id), "expires_ms", 1)
        await bench.redis.zadd(keys.open(RUN), {run_id: 1})
        assert await bench.store.run_jobs.expire_overdue() == 1
        assert await bench.due(_entry()) is not None
