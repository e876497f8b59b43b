"""Any order of reading, firing, sending again and dying: no tick twice, none lost, all in order."""

from __future__ import annotations

import asyncio
from typing import Any

import hypothesis.strategies as st
import redis.asyncio
from hypothesis import HealthCheck, given, settings

from openclaw_common.runtime.config import Config
from openclaw_common.store.schedule import DueEntry, FireOutcome, HistoryLimits, Tick
from openclaw_common.store.store import Store
from tests.integration.automation.support import Bench

STEP_MS = 1000
ENTRY = "cron:j"
HISTORY = HistoryLimits(1000, 60_000)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 2)),
        st.tuples(st.just("fire"), st.integers(0, 2)),
        st.tuples(st.just("again"), st.integers(0, 2)),
        st.tuples(st.just("crash"), st.integers(0, 2)),
    ),
    max_size=30,
)
"""What three schedulers do in turn: read what is due, fire what was read, send it again, die."""


async def _play(url: str, steps: list[tuple[str, int]]) -> None:
    config = Config.model_validate({"redis": {"url": url}})
    store = await Store.connect(config.redis, config.runs, role="test")
    valkey = redis.asyncio.Redis.from_url(url)
    try:
        await valkey.flushall()
        bench = Bench(config, store, valkey)
        await bench.put(missed="all")
        first = await bench.make_due(ENTRY, 1000 * STEP_MS)
        record = await store.schedule.record(ENTRY)
        assert record is not None
        read: dict[int, DueEntry] = {}
        fired = []
        for step, who in steps:
            if step == "read":
                read[who] = (await store.schedule.first(0, 1))[1][0]
            elif step == "crash":
                read.pop(who, None)
            elif who in read:
                entry = read[who]
                tick = Tick(
                    entry.due_ms,
                    reason="test",
                    next_ms=entry.due_ms + STEP_MS,
                    settings=record.settings,
                )
                outcome = (await store.schedule.fire(entry, tick, HISTORY)).outcome
                if outcome is FireOutcome.SKIP:
                    fired.append(entry.due_ms)
        assert fired == [first + STEP_MS * number for number in range(len(fired))]
        assert await bench.due(ENTRY) == first + STEP_MS * len(fired)
        assert [past.tick_ms for past in reversed(await bench.history())] == fired
    finally:
        await valkey.aclose()
        await store.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_tick_is_taken_once_and_in_its_order(valkey_url: str, steps: Any) -> None:
    asyncio.run(_play(valkey_url, steps))
