"""A wake: the agent looks at a session's system events soon, but not too often."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.store.keys import RUN
from tests.integration.automation.support import MAIN, Bench

SPACING_MS = 30_000
GRACE_MS = 60_000
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


async def _read(bench: Bench, event_id: str) -> None:
    """Do what the end of a run does that was shown the events up to one."""
    ms, _, number = event_id.partition("-")
    key = bench.store.keys.system_events(MAIN)
    await bench.redis.xtrim(key, minid=f"{ms}-{int(number) + 1}", approximate=False)


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
    waits_s = await bench.scheduler().look()
    assert len(await bench.runs()) == 1
    assert waits_s is not None
    assert SPACING_MS - 2000 < waits_s * 1000 <= SPACING_MS
    await _spaced(bench)
    await bench.look()
    assert len(await bench.runs()) == 2


async def test_an_event_that_was_shown_and_happens_again_is_shown_again(bench: Bench) -> None:
    await _push(bench, "the build failed")
    await bench.look()
    await _begin(bench)
    (shown,) = await bench.store.system_events.pending(MAIN)
    await _push(bench, "the build failed")
    await _read(bench, shown.id)
    assert [each.text for each in await bench.store.system_events.pending(MAIN)] == [shown.text]
    await _spaced(bench)
    await bench.look()
    assert len(await bench.runs()) == 2


async def test_who_waited_longest_is_next_whatever_its_name_and_however_others_push(
    bench: Bench,
) -> None:
    await _push(bench, "first")
    await bench.look()
    await _push(bench, "waits", "agent:main:zzz")
    await bench.make_due(_entry("agent:main:zzz"), ago_ms=10)
    for number in range(3):
        await _push(bench, f"again {number}", "agent:main:aaa")
        await bench.look()
    await _spaced(bench)
    await _push(bench, "again", "agent:main:aaa")
    await bench.look()
    assert [run.session_key for run in await bench.runs()] == [MAIN, "agent:main:zzz"]


async def test_a_clock_that_was_put_back_holds_no_wake_up(bench: Bench) -> None:
    in_an_hour_ms = await bench.store.schedule.now_ms() + 3_600_000
    await bench.redis.lpush(bench.store.keys.event_turns("main"), in_an_hour_ms)
    await _push(bench, "look")
    await bench.look()
    assert len(await bench.runs()) == 1


async def test_one_tenants_wakes_hold_up_no_others(bench: Bench) -> None:
    for tenant in ("a", "b"):
        await _push(bench, "look", f"tenant:{tenant}:{MAIN}")
    await _push(bench, "look")
    await bench.look()
    assert len(await bench.runs()) == 3


class TestManyWait:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"agents": {"entries": {"main": {"default": True}, "beta": {}}}}

    async def test_an_agents_wakes_that_wait_hold_up_no_other_agent(self, bench: Bench) -> None:
        for number in range(250):
            await _push(bench, "look", f"agent:main:hook:{number}")
        await bench.store.system_events.push("agent:beta:main", "beta", "look", wake=True)
        await bench.redis.config_resetstat()
        await bench.look()
        assert {run.session_key for run in await bench.runs()} == {
            "agent:main:hook:0",
            "agent:beta:main",
        }
        calls = (await bench.redis.info("commandstats"))["cmdstat_fcall"]["calls"]
        assert calls < 10


class TestFullQueue:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"runs": {"maxQueued": 1, "wakeSpacingMs": 0}}

    async def test_wakes_without_room_wait_and_are_not_all_tried(self, bench: Bench) -> None:
        for number in range(50):
            await _push(bench, "look", f"agent:main:hook:{number}")
        await bench.redis.config_resetstat()
        waits_s = await bench.scheduler().look()
        assert waits_s is not None
        assert waits_s > 1
        calls = (await bench.redis.info("commandstats"))["cmdstat_fcall"]["calls"]
        assert calls < 10
        assert len(await bench.runs()) == 1
        assert len(await bench.store.schedule.names("wake")) == 49


async def test_heartbeats_hold_up_no_wake(bench: Bench) -> None:
    await bench.hear_from()
    await bench.plan()
    await bench.make_due("heartbeat:main")
    await bench.look()
    await _push(bench, "look", OTHER)
    await bench.look()
    assert [run.session_key for run in await bench.runs()] == [MAIN, OTHER]


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
        waits_s = await bench.scheduler().look()
        assert waits_s is not None
        assert 55 < waits_s <= 60


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
    assert await bench.due("wake:old:agent:old:main") is not None, "others may know the agent"
    await bench.make_due("wake:old:agent:old:main", ago_ms=GRACE_MS + 1000)
    await bench.look()
    assert await bench.runs() == []
    assert (await bench.store.schedule.first(0, 10))[1] == []
