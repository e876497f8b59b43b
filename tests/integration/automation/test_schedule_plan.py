"""What a worker does to the schedule when it starts: as the configuration says, and no more."""

from __future__ import annotations

import asyncio
from typing import Any

from openclaw_common.runtime.config import Config
from openclaw_common.store.schedule import Origin
from openclaw_common.store.store import Store
from tests.integration.automation.support import HOURLY, TURN, Bench

JOB = {"id": "j", "schedule": HOURLY, "payload": TURN}


def _with(bench: Bench, **sections: Any) -> Bench:
    config = Config.model_validate({"redis": bench.config.redis, **sections})
    store: Store = bench.store
    return Bench(config, store, bench.redis)


def _beating(bench: Bench, every: str, *agents: str) -> Bench:
    entries = {agent: {"heartbeat": {"every": every}} for agent in agents}
    return _with(bench, agents={"entries": {"main": {}, **entries}})


async def _entries(bench: Bench) -> dict[str, int]:
    _, entries = await bench.store.schedule.first(0, 100)
    return {entry.name: entry.due_ms for entry in entries}


async def test_only_the_default_agent_beats_unless_others_say_so(bench: Bench) -> None:
    await _with(bench, agents={"entries": {"main": {}, "b": {}}}).plan()
    assert list(await _entries(bench)) == ["heartbeat:main"]
    await _beating(bench, "5m", "b", "c").plan()
    assert sorted(await _entries(bench)) == ["heartbeat:b", "heartbeat:c"]


async def test_starting_again_moves_nothing(bench: Bench) -> None:
    same = _with(bench, cron={"jobs": [JOB]})
    await asyncio.gather(*(same.plan() for _ in range(3)))
    before = await _entries(bench)
    await same.plan()
    assert await _entries(bench) == before
    assert sorted(before) == ["cron:j", "heartbeat:main"]


async def test_a_changed_interval_changes_the_entry(bench: Bench) -> None:
    await _beating(bench, "30m", "b").plan()
    await _beating(bench, "5m", "b").plan()
    due_ms = (await _entries(bench))["heartbeat:b"] - await bench.store.schedule.now_ms()
    assert 295_000 < due_ms <= 300_000


async def test_an_interval_of_nothing_takes_the_entry_out(bench: Bench) -> None:
    await _beating(bench, "30m", "b").plan()
    await _beating(bench, "0m", "b").plan()
    assert await _entries(bench) == {}
    assert await bench.redis.keys("*scheduled*") == []


async def test_jobs_that_left_the_configuration_go_and_those_of_the_api_stay(bench: Bench) -> None:
    await bench.put("mine")
    await _with(bench, cron={"jobs": [JOB]}).plan()
    await _with(bench, cron={"jobs": []}).plan()
    assert [record.name for record in await bench.store.cron_jobs.all()] == ["cron:mine"]


async def test_a_pause_holds_over_restarts_until_the_job_is_changed(bench: Bench) -> None:
    configured = _with(bench, cron={"jobs": [JOB]})
    await configured.plan()
    record = await bench.store.cron_jobs.get("j")
    assert record is not None
    await bench.cron.enable(record, enabled=False)
    await configured.plan()
    assert "cron:j" not in await _entries(bench)
    await _with(bench, cron={"jobs": [{**JOB, "name": "other"}]}).plan()
    assert "cron:j" in await _entries(bench)


async def test_a_job_of_the_api_with_a_configured_id_becomes_the_configured_one(
    bench: Bench,
) -> None:
    await bench.put("j")
    await _with(bench, cron={"jobs": [JOB]}).plan()
    record = await bench.store.cron_jobs.get("j")
    assert record is not None
    assert record.origin is Origin.CONFIG


async def test_with_cron_off_its_jobs_are_neither_planned_nor_fired(bench: Bench) -> None:
    await bench.put("mine")
    await bench.make_due("cron:mine")
    off = _with(bench, cron={"enabled": False, "jobs": [JOB]})
    await off.plan()
    await off.look()
    assert await bench.runs() == []
    assert sorted(await _entries(bench)) == ["cron:mine", "heartbeat:main"]


async def test_an_entry_that_nobody_can_read_keeps_no_other_from_firing(bench: Bench) -> None:
    await bench.put("bad")
    await bench.put("good")
    await bench.redis.hset(bench.store.keys.scheduled("cron:bad"), "definition", "{}")
    await bench.make_due("cron:bad", 10)
    await bench.make_due("cron:good")
    await bench.look()
    assert [run.session_key for run in await bench.runs()] == ["agent:main:cron:good"]


async def test_an_entry_whose_record_is_gone_goes_too(bench: Bench) -> None:
    await bench.redis.zadd(bench.store.keys.schedule, {"cron:ghost": 1, "heartbeat:ghost": 1})
    await bench.look()
    assert await _entries(bench) == {}
