"""A cron job's tick: fired once, with all it causes, by whoever comes first."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_agent_worker.scheduler import Scheduler
from openclaw_common.contracts.run import DeliveryPlan
from openclaw_common.runtime.config import Config
from openclaw_common.store.schedule import FireOutcome, Origin, Tick
from tests.integration.automation.support import HOURLY, MAIN, Bench, job

HOUR_MS = 3_600_000
ENTRY = "cron:j"


async def test_a_due_job_starts_its_run_and_is_due_again(bench: Bench) -> None:
    await bench.put()
    due = await bench.due(ENTRY)
    tick = await bench.make_due(ENTRY)
    await bench.look()
    (run,) = await bench.runs()
    assert (run.agent_id, run.session_key, run.source) == ("main", "agent:main:cron:j", "cron")
    assert (run.message.text, run.ephemeral, run.delivery) == ("hello", True, DeliveryPlan("last"))
    (past,) = await bench.history()
    assert (past.tick_ms, past.outcome, [past.run_id]) == (tick, "run", await bench.run_ids())
    assert await bench.due(ENTRY) == due


async def test_what_is_not_due_is_left_alone(bench: Bench) -> None:
    await bench.put()
    assert 3598 < (await bench.scheduler().look() or 0) <= 3600
    assert await bench.runs() == []


async def test_what_was_fired_may_be_what_is_due_next(bench: Bench) -> None:
    await bench.put("j", schedule={"kind": "every", "everyMs": 60_000})
    await bench.put("later")
    await bench.make_due(ENTRY)
    assert 0 < (await bench.scheduler().look() or 0) <= 60


async def test_many_schedulers_at_once_fire_a_tick_once(bench: Bench) -> None:
    for number in range(20):
        await bench.put(f"j{number}")
        await bench.make_due(f"cron:j{number}")
    await asyncio.gather(*(bench.scheduler().look() for _ in range(5)))
    assert len(await bench.runs()) == 20


async def test_a_tick_that_was_fired_before_starts_no_second_run(bench: Bench) -> None:
    await bench.put()
    tick = await bench.make_due(ENTRY)
    await bench.look()
    await bench.redis.zadd(bench.store.keys.schedule, {ENTRY: tick})
    await bench.look()
    assert len(await bench.runs()) == 1


@pytest.mark.parametrize(
    ("fields", "session", "ephemeral"),
    [
        ({}, "agent:main:cron:j", True),
        ({"sessionTarget": "session:news"}, "agent:main:news", False),
        ({"sessionKey": "agent:main:telegram:direct:7"}, "agent:main:telegram:direct:7", False),
    ],
)
async def test_the_session_of_its_runs(
    bench: Bench, fields: dict[str, Any], session: str, ephemeral: bool
) -> None:
    await bench.put(**fields)
    await bench.make_due(ENTRY)
    await bench.look()
    (run,) = await bench.runs()
    assert (run.session_key, run.ephemeral) == (session, ephemeral)


async def test_model_thinking_time_and_destination_go_with_the_run(bench: Bench) -> None:
    payload = {
        "kind": "agentTurn",
        "message": "m",
        "model": "a/b",
        "thinking": "low",
        "timeoutSeconds": 9,
    }
    delivery = {"channel": "telegram", "to": "42", "accountId": "work", "threadId": 3}
    await bench.put(payload=payload, delivery=delivery)
    await bench.make_due(ENTRY)
    await bench.look()
    (run,) = await bench.runs()
    assert (run.model_override, run.thinking, run.timeout_s) == ("a/b", "low", 9)
    assert run.delivery == DeliveryPlan("telegram", "42", "work", "3")


async def test_the_default_account_is_known_by_its_own_name(bench: Bench) -> None:
    await bench.put(delivery={"channel": "slack", "to": "C1"})
    await bench.make_due(ENTRY)
    await bench.look()
    (run,) = await bench.runs()
    assert run.delivery == DeliveryPlan("slack", "C1", "main")


async def test_without_delivery_the_result_goes_nowhere(bench: Bench) -> None:
    await bench.put(delivery={"mode": "none"})
    await bench.make_due(ENTRY)
    await bench.look()
    (run,) = await bench.runs()
    assert run.delivery is None


@pytest.mark.parametrize(("mode", "woken"), [("now", True), ("next-heartbeat", False)])
async def test_a_system_event_tells_the_main_session(bench: Bench, mode: str, woken: bool) -> None:
    await bench.put(payload={"kind": "systemEvent", "text": "look here"}, wakeMode=mode)
    await bench.make_due(ENTRY)
    _, (entry,) = await bench.store.schedule.first(0, 1)
    await bench.cron.fire(entry, await bench.store.schedule.now_ms())
    (event,) = await bench.store.system_events.pending(MAIN)
    assert event.text == "look here"
    assert (await bench.due(f"wake:main:{MAIN}") is not None) is woken
    assert [past.outcome for past in await bench.history()] == ["event"]


async def test_a_job_of_one_time_that_goes_with_its_run_leaves_its_history(bench: Bench) -> None:
    at = {"kind": "at", "at": "2100-01-01T00:00:00Z"}
    await bench.put(schedule=at, deleteAfterRun=True)
    await bench.make_due(ENTRY)
    await bench.look()
    assert len(await bench.runs()) == 1
    assert await bench.store.cron_jobs.all() == []
    assert await bench.due(ENTRY) is None
    assert [past.outcome for past in await bench.history()] == ["run"]


async def test_a_job_of_one_time_that_stays_is_never_due_again(bench: Bench) -> None:
    await bench.put(schedule={"kind": "at", "at": "2100-01-01T00:00:00Z"})
    await bench.make_due(ENTRY)
    await bench.look()
    record = await bench.store.cron_jobs.get("j")
    assert record is not None
    # Its time is in 2100, so what the test made due by hand comes again then.
    assert record.last_outcome == "run"


async def test_a_job_of_an_agent_that_is_gone_is_skipped(bench: Bench) -> None:
    await bench.put(agentId="nobody")
    await bench.make_due(ENTRY, ago_ms=61_000)
    await bench.look()
    assert await bench.runs() == []
    assert [(past.outcome, past.reason) for past in await bench.history()] == [("skip", "no-agent")]


class TestFull:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"runs": {"maxQueued": 2, "maxQueuedPerSession": 1}}

    async def test_without_room_a_tick_stays_due_and_keeps_no_other_from_firing(
        self, bench: Bench
    ) -> None:
        await bench.put("a", sessionKey="s")
        await bench.put("b", sessionKey="s")
        await bench.put("c", sessionKey="t")
        for ago, name in enumerate("abc"):
            await bench.make_due(f"cron:{name}", 1000 - 100 * ago)
        due = await bench.due("cron:b")
        await bench.look()
        assert [run.session_key for run in await bench.runs()] == ["agent:main:s", "agent:main:t"]
        assert await bench.due("cron:b") == due
        await bench.store.runs.cancel((await bench.run_ids())[0])
        await bench.look()
        assert len(await bench.runs()) == 3


class TestMissed:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"cron": {"maxMissedTicks": 3}}

    async def _ticks(
        self, bench: Bench, missed: str, late_ms: int
    ) -> tuple[list[tuple[str, int, int]], int]:
        """What becomes of six hourly ticks of which the last was `late_ms` ago.

        Each with the hour it was for and those it stands for, and the hour that is due next.
        """
        now = await bench.store.schedule.now_ms()
        first = now - late_ms - 5 * HOUR_MS
        await bench.put(missed=missed, schedule={**HOURLY, "anchorMs": first})
        await bench.redis.zadd(bench.store.keys.schedule, {ENTRY: first})
        await bench.look()
        past = [
            (tick.outcome, (tick.tick_ms - first) // HOUR_MS, tick.missed)
            for tick in reversed(await bench.history())
        ]
        return past, ((await bench.due(ENTRY) or 0) - first) // HOUR_MS

    async def test_once_is_one_run_for_all(self, bench: Bench) -> None:
        assert await self._ticks(bench, "once", 9) == ([("run", 5, 5)], 6)

    async def test_all_is_a_run_each_for_the_last_so_many(self, bench: Bench) -> None:
        runs = [("run", 3, 3), ("run", 4, 0), ("run", 5, 0)]
        assert await self._ticks(bench, "all", 9) == (runs, 6)

    async def test_skip_is_no_run_for_one_that_is_late(self, bench: Bench) -> None:
        assert await self._ticks(bench, "skip", 90_000) == ([("skip", 5, 5)], 6)

    async def test_skip_still_fires_one_that_is_hardly_late(self, bench: Bench) -> None:
        assert await self._ticks(bench, "skip", 9) == ([("run", 5, 5)], 6)


async def test_a_process_that_does_not_know_the_agent_yet_leaves_the_tick_to_others(
    bench: Bench,
) -> None:
    await bench.put(agentId="new")
    due = await bench.make_due(ENTRY)
    await bench.look()
    assert (await bench.due(ENTRY), await bench.history()) == (due, [])
    newer = Config.model_validate({"agents": {"entries": {"main": {"default": True}, "new": {}}}})
    await Scheduler(newer, bench.store).look()
    assert [run.agent_id for run in await bench.runs()] == ["new"]


async def test_a_job_that_was_changed_meanwhile_is_not_fired_as_it_was(bench: Bench) -> None:
    await bench.put()
    await bench.make_due(ENTRY)
    _, (entry,) = await bench.store.schedule.first(0, 1)
    old = await bench.store.cron_jobs.get("j")
    assert old is not None
    await bench.cron.put("j", job(name="another"), Origin.API)
    await bench.redis.zadd(bench.store.keys.schedule, {ENTRY: entry.due_ms})
    tick = Tick(entry.due_ms, reason="old", settings=old.settings)
    fired = await bench.store.schedule.fire(entry, tick, None)
    assert fired.outcome is FireOutcome.MOVED
    assert await bench.due(ENTRY) == entry.due_ms
