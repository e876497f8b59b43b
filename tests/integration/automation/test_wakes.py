"""A wake: the agent looks at a session's system events soon, but not too often."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.store.keys import RUN
from tests.integration.automation.support import MAIN, Bench

SPACING_MS = 30_000
OTHER = "agent:main:hook:x"


def _entry(session: str = MAIN) -> str:
    return f"wake:main:{session}"


async def _push(bench: Bench, text: str, session: str = MAIN, *, wake: bool = True) -> None:
    await bench.store.system_events.push(session, "main", text, wake=wake)


async def _spaced(bench: Bench) -> None:
    """Let the time between two turns have passed."""
    await bench.redis.delete(bench.store.keys.event_turns("main"))


async def _begin(bench: Bench) -> None:
    """Let every run that waits begin."""
    for run_id in await bench.run_ids():
        await bench.redis.hset(bench.store.keys.record(RUN, run_id), "status", "in_progress")


async def test_it_starts_a_turn_that_reads_the_sessions_events(bench: Bench) -> None:
    await _push(bench, "look")
    await bench.look()
    (run,) = await bench.runs()
    assert (run.session_key, run.source, run.reads_events) == (MAIN, "heartbeat", True)
    assert await bench.due(_entry()) is None


async def test_next_heartbeat_starts_none(bench: Bench) -> None:
    await _push(bench, "look", wake=False)
    await bench.look()
    assert await bench.runs() == []
    assert len(await bench.store.system_events.pending(MAIN)) == 1


async def test_events_that_somebody_has_read_meanwhile_need_no_turn(bench: Bench) -> None:
    await _push(bench, "look")
    await bench.redis.delete(bench.store.keys.system_events(MAIN))
    await bench.look()
    assert await bench.runs() == []
    assert await bench.due(_entry()) is None


async def test_events_that_come_before_the_turn_begins_need_no_second(bench: Bench) -> None:
    for text in ("one", "two", "three"):
        await _push(bench, text)
        await _spaced(bench)
        await bench.look()
    assert len(await bench.runs()) == 1
    assert await bench.due(_entry()) is None


async def test_an_event_that_comes_during_the_turn_has_one_of_its_own_later(bench: Bench) -> None:
    await _push(bench, "one")
    await bench.look()
    await _begin(bench)
    await _push(bench, "two")
    await bench.look()
    assert len(await bench.runs()) == 1
    waits_ms = (await bench.due(_entry()) or 0) - await bench.store.schedule.now_ms()
    assert SPACING_MS - 2000 < waits_ms <= SPACING_MS
    await _spaced(bench)
    await bench.make_due(_entry())
    await bench.look()
    assert len(await bench.runs()) == 2


async def test_spacing_is_between_all_sessions_of_an_agent(bench: Bench) -> None:
    await _push(bench, "one")
    await _push(bench, "two", OTHER)
    await bench.look()
    assert len(await bench.runs()) == 1


class TestFlood:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"runs": {"wakeSpacingMs": 0}}

    async def test_so_many_turns_in_a_minute_and_the_others_wait(self, bench: Bench) -> None:
        for number in range(7):
            await _push(bench, "look", f"agent:main:hook:{number}")
        await bench.look()
        assert len(await bench.runs()) == 5
        waiting = [await bench.due(_entry(f"agent:main:hook:{number}")) for number in range(7)]
        assert sum(due is not None for due in waiting) == 2
        now_ms = await bench.store.schedule.now_ms()
        assert all(55_000 < due - now_ms <= 60_000 for due in waiting if due is not None)


class TestNoCadence:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"agents": {"defaults": {"heartbeat": {"every": "0m"}}}}

    async def test_without_heartbeats_wakes_go_on(self, bench: Bench) -> None:
        await bench.plan()
        assert await bench.due("heartbeat:main") is None
        await _push(bench, "look")
        await bench.look()
        assert len(await bench.runs()) == 1


async def test_a_wake_of_an_agent_that_is_gone_is_dropped(bench: Bench) -> None:
    await bench.store.system_events.push("agent:old:main", "old", "look", wake=True)
    await bench.look()
    assert await bench.runs() == []
    assert (await bench.store.schedule.first(0, 10))[1] == []
