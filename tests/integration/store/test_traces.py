"""The spans of runs in Redis: whole, bounded, and kept from the last of them on."""

from __future__ import annotations

import redis.asyncio

from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.store.store import Store

RUN = "run_1"
KEPT_MS = 100_000
LIMITS = Tracing(keep_seconds=KEPT_MS // 1000, max_bytes_per_run=1024)


async def test_spans_stand_behind_those_that_are_kept(store: Store) -> None:
    await store.traces.write({RUN: b"first", "run_2": b"other"}, LIMITS)
    await store.traces.write({RUN: b"second"}, LIMITS)
    assert await store.traces.read(RUN) == b"firstsecond"
    assert await store.traces.read("run_2") == b"other"
    assert await store.traces.read("run_3") == b""


async def test_what_has_no_room_is_left_out_as_a_whole(store: Store) -> None:
    await store.traces.write({RUN: b"a" * 1000, "run_2": b"b" * 1025}, LIMITS)
    await store.traces.write({RUN: b"c" * 25}, LIMITS)
    assert await store.traces.read(RUN) == b"a" * 1000
    assert await store.traces.read("run_2") == b""
    await store.traces.write({RUN: b"c" * 24}, LIMITS)
    assert await store.traces.read(RUN) == b"a" * 1000 + b"c" * 24


async def test_a_trace_is_kept_from_its_last_spans_on_to_within_a_hundredth(
    store: Store, valkey: redis.asyncio.Redis
) -> None:
    key = store.keys.trace(RUN)
    await store.traces.write({RUN: b"first"}, LIMITS)
    assert 0.99 * KEPT_MS < await valkey.pttl(key) <= KEPT_MS
    await valkey.pexpire(key, round(0.98 * KEPT_MS))
    await store.traces.write({RUN: b"second"}, LIMITS)
    assert 0.99 * KEPT_MS < await valkey.pttl(key) <= KEPT_MS
