"""A server whose memory is full takes on no work, and lets what runs end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.runs import CancelOutcome
from tests.integration.store.support import Bench, complete


@pytest.fixture
async def full(bench: Bench, valkey: redis.asyncio.Redis) -> AsyncIterator[Bench]:
    """A bench with two runs; the test fills the server."""
    for session in ("a", "b"):
        await bench.submit(session)
    yield bench
    await valkey.config_set("maxmemory", 0)


async def test_no_run_is_accepted_or_begun(full: Bench) -> None:
    await full.redis.config_set("maxmemory", 1)
    keys = await full.redis.dbsize()
    with pytest.raises(StoreUnavailable):
        await full.submit("new")
    with pytest.raises(StoreUnavailable):
        await full.claim()
    assert await full.redis.dbsize() == keys
    await full.redis.config_set("maxmemory", 0)
    assert len(await full.claim()) == 2


async def test_runs_under_way_are_renewed_and_end(full: Bench) -> None:
    first, second = await full.claim()
    await full.redis.config_set("maxmemory", 1)
    held = [(lease.job_id, lease.attempt) for lease in (first, second)]
    assert await full.store.leases.renew("w1", held) == ["", ""]
    await complete(first, session_key="s", transcript=[b"{}"])
    await second.release()
    assert await full.store.runs.cancel(second.id) is CancelOutcome.CANCELLED
    assert await full.status(first.id) is RunStatus.COMPLETED


async def test_a_lease_that_runs_out_meanwhile_is_no_crash_yet(full: Bench) -> None:
    first, _ = await full.claim()
    await full.lapse(first.id)
    await full.redis.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable):
        await full.claim("w2")
    assert await full.field(first.id, "crashes") == "0"
