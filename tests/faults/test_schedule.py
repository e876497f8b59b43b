"""Each tick fires once: heartbeats and cron jobs while the workers that fire them are killed."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis.asyncio

from openclaw_common.contracts.run import RunRequest
from openclaw_common.store.keys import RUN, Keys
from tests.faults.conftest import RUNS
from tests.harness.fleet import Fleet, Worker

KEYS = Keys()
EVERY_MS = 200
LIMITS = {
    **RUNS,
    "maxQueued": 100_000,
    "maxQueuedPerSession": 100_000,
    "maxCrashes": 1000,
    "quarantineAfterCrashes": 1000,
}
POLICIES = {"all": 4, "once": 2, "skip": 2}
"""Jobs by what becomes of their missed ticks."""
BEATING = ("main", "beta")
FIRED = "schedule_entry_fired"


@dataclass(frozen=True)
class Noted:
    """One tick as its history has it."""

    at_ms: int
    outcome: str
    reason: str
    run_id: str
    missed: int


def _sections() -> dict[str, Any]:
    heartbeat = {"every": f"{EVERY_MS}ms", "target": "none", "prompt": "/fake burst tokens=2"}
    turn = {"kind": "agentTurn", "message": "/fake burst tokens=2"}
    jobs = [
        {
            "id": f"{missed}-{number}",
            "schedule": {"kind": "every", "everyMs": EVERY_MS},
            "payload": turn,
            "delivery": {"mode": "none"},
            "missed": missed,
        }
        for missed, count in POLICIES.items()
        for number in range(count)
    ]
    return {
        "agents": {
            "defaults": {"model": "fake/fake", "heartbeat": heartbeat},
            "entries": {name: {"heartbeat": {}} for name in BEATING},
        },
        "cron": {
            "jobs": jobs,
            "minIntervalMs": EVERY_MS,
            "missedGraceMs": 2 * EVERY_MS,
            "maxMissedTicks": 100_000,
            "maxRunHistory": 100_000,
        },
    }


async def _ticks(valkey: redis.asyncio.Redis, entry: str) -> list[Noted]:
    found = []
    for _, raw in await valkey.xrange(KEYS.ticks(entry)):
        fields = {name.decode(): value.decode() for name, value in raw.items()}
        found.append(
            Noted(
                int(fields["tick"]),
                fields["outcome"],
                fields["reason"],
                fields["run_id"],
                int(fields["missed"]),
            )
        )
    return found


async def _count(fleet: Fleet) -> int:
    async with fleet.redis() as valkey:
        return sum([await valkey.xlen(key) async for key in valkey.scan_iter(KEYS.ticks("*"))])


def _fired_by(worker: Worker) -> int:
    return worker.process.log.read_text(encoding="utf-8", errors="replace").count(FIRED)


async def _kill_who_fires(fleet: Fleet, chance: random.Random) -> None:
    """kill -9 the first worker that fires from now on, and wait until it is replaced."""
    before = [_fired_by(worker) for worker in fleet.workers]
    fired: list[Worker] = []

    async def somebody_fires() -> bool:
        fired[:] = [
            worker
            for worker, count in zip(fleet.workers, before, strict=True)
            if _fired_by(worker) > count
        ]
        return bool(fired)

    await fleet.until(somebody_fires, "somebody fires")
    victim = chance.choice(fired)
    pid = victim.pid
    victim.kill()

    async def replaced() -> bool:
        children = victim.process.children()
        return bool(children) and children[0] != pid

    await fleet.until(replaced, "the worker is replaced")


async def _end(worker: Worker) -> None:
    """End a worker for good: nobody fires any more while the ticks are counted."""
    children = worker.process.children()
    worker.process.popen.kill()
    await worker.process.wait()
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _check_without_gap(entry: str, ticks: list[Noted], due_ms: int) -> None:
    """Assert that every tick between the first and the next one is there, or counted as missed."""
    assert len({tick.at_ms for tick in ticks}) == len(ticks), f"{entry}: a tick came twice"
    for before, tick in pairwise(ticks):
        gap = (tick.at_ms - before.at_ms) / EVERY_MS
        assert gap == tick.missed + 1, f"{entry}: {before} and then {tick}"
    assert due_ms == ticks[-1].at_ms + EVERY_MS, f"{entry}: the next tick is not the next"


def _check_policy(missed: str, ticks: list[Noted]) -> None:
    if missed == "all":
        assert {(tick.outcome, tick.missed) for tick in ticks} == {("run", 0)}
    elif missed == "once":
        assert {tick.outcome for tick in ticks} == {"run"}
    else:
        assert {(t.outcome, t.reason) for t in ticks} <= {("run", ""), ("skip", "missed")}


async def _check(fleet: Fleet) -> None:
    async with fleet.redis() as valkey:
        promised: list[str] = []
        for missed, count in POLICIES.items():
            for number in range(count):
                entry = f"cron:{missed}-{number}"
                ticks = await _ticks(valkey, entry)
                _check_without_gap(entry, ticks, int(await valkey.zscore(KEYS.schedule, entry)))
                definition = await valkey.hget(KEYS.scheduled(entry), "definition")
                anchor_ms = orjson.loads(definition)["schedule"]["anchorMs"]
                assert ticks[0].at_ms == anchor_ms + EVERY_MS * (ticks[0].missed + 1)
                _check_policy(missed, ticks)
                promised += [tick.run_id for tick in ticks if tick.outcome == "run"]
        for agent in BEATING:
            entry = f"heartbeat:{agent}"
            ticks = await _ticks(valkey, entry)
            _check_without_gap(entry, ticks, int(await valkey.zscore(KEYS.schedule, entry)))
            assert {(t.outcome, t.reason) for t in ticks} <= {("run", ""), ("skip", "coalesced")}
            promised += [tick.run_id for tick in ticks if tick.outcome == "run"]
        accepted = [run.decode() for run in await valkey.zrange(KEYS.index(RUN), 0, -1)]
        assert sorted(promised) == sorted(accepted), "a run without its tick, or the other way"
        for run_id in accepted:
            payload = await valkey.hget(KEYS.record(RUN, run_id), "payload")
            assert RunRequest.decode(payload).source in ("cron", "heartbeat")


@pytest.mark.parametrize(
    ("ticks", "kills"),
    [(100, 3), pytest.param(1000, 20, marks=pytest.mark.faults)],
    ids=["small", "full"],
)
async def test_each_tick_fires_once_while_the_workers_that_fire_are_killed(
    tmp_path: Path, ticks: int, kills: int
) -> None:
    chance = random.Random(ticks)
    fleet = Fleet(tmp_path, ingresses=0, workers=3, runs=LIMITS, config=_sections())
    async with fleet:
        for kill in range(1, kills + 1):
            wanted = ticks * kill // (kills + 1)

            async def so_many(wanted: int = wanted) -> bool:
                return await _count(fleet) >= wanted

            await fleet.until(so_many, f"{wanted} ticks", 120)
            await _kill_who_fires(fleet, chance)

        async def all_ticks() -> bool:
            return await _count(fleet) >= ticks

        await fleet.until(all_ticks, f"{ticks} ticks", 120)
        for worker in fleet.workers:
            await _end(worker)
        await _check(fleet)
