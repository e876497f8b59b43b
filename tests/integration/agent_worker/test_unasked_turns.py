"""Wakes, heartbeats and cron jobs, from the schedule through the worker to the model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.ids import main_session
from openclaw_common.store.keys import RUN
from tests.integration.agent_worker.conftest import Bench

MAIN = main_session("main")
EVERY_MS = 200


async def _ended_runs(bench: Bench, count: int) -> list[str]:
    """The ids of the first `count` runs, once all of them have ended."""
    client, keys = bench.store.client, bench.store.keys
    async with asyncio.timeout(5):
        while True:
            found = await client.execute("ZRANGE", keys.index(RUN), 0, count - 1)
            ids = [run_id.decode() for run_id in found]
            records = [await bench.store.runs.get(run_id) for run_id in ids]
            if len(ids) == count and all(record and record.status.terminal for record in records):
                return ids


def _asked(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


async def test_a_wake_shows_the_model_the_events_and_takes_them_away(bench: Bench) -> None:
    await bench.store.system_events.push(MAIN, "main", "The door is open.", wake=True)
    await _ended_runs(bench, 1)
    asked = _asked((await bench.provider.request(0)).body)
    assert "The door is open." in asked
    assert "reply NO_REPLY." in asked
    assert await bench.store.system_events.pending(MAIN) == []


class TestFailedWake:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        prompt = "/fake status code=400 times=1"
        heartbeat = {"every": "0m", "target": "none", "prompt": prompt}
        agents = {"defaults": {"model": "fake/org/fake-model", "heartbeat": heartbeat}}
        return {"agents": agents, "runs": {"wakeSpacingMs": 0, "wakeRetryMs": 50}}

    async def test_events_of_a_turn_that_failed_are_shown_again(self, bench: Bench) -> None:
        await bench.store.system_events.push(MAIN, "main", "The door is open.", wake=True)
        first, second = await _ended_runs(bench, 2)
        records = [await bench.store.runs.get(run_id) for run_id in (first, second)]
        assert [record.status for record in records if record] == ["failed", "completed"]
        assert "The door is open." in _asked((await bench.provider.request(1)).body)
        assert await bench.store.system_events.pending(MAIN) == []


class TestHeartbeat:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        heartbeat = {
            "every": f"{EVERY_MS}ms",
            "target": "none",
            "prompt": "/fake say HEARTBEAT_OK",
        }
        agents = {"defaults": {"model": "fake/org/fake-model", "heartbeat": heartbeat}}
        return {"agents": agents}

    async def test_it_beats_and_leaves_no_trace_when_there_is_nothing(self, bench: Bench) -> None:
        ids = await _ended_runs(bench, 3)
        records = [await bench.store.runs.get(run_id) for run_id in ids]
        assert {(r.source, r.session_key) for r in records if r} == {("heartbeat", MAIN)}
        assert await bench.store.sessions.transcript(MAIN) == []


class TestCron:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        job = {
            "id": "j",
            "schedule": {"kind": "every", "everyMs": EVERY_MS},
            "payload": {"kind": "agentTurn", "message": "/fake say done"},
        }
        return {"cron": {"minIntervalMs": EVERY_MS, "jobs": [job]}}

    async def test_a_configured_job_runs_again_and_again(self, bench: Bench) -> None:
        ids = await _ended_runs(bench, 3)
        results = [await bench.store.runs.get(run_id) for run_id in ids]
        assert [r.result.output for r in results if r and r.result] == ["done"] * 3
        past = await bench.store.cron_jobs.history("j", after="", limit=100)
        assert [tick.run_id for tick in reversed(past)][:3] == ids
