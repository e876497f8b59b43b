"""Fair share between tenants: whose run is claimed next while runs of several tenants wait."""

from __future__ import annotations

from typing import Any

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.store.keys import RUN
from openclaw_common.store.leases import Lease
from tests.integration.store.support import Bench, request


async def submit(bench: Bench, tenant: str, count: int) -> list[str]:
    """Accept runs of a tenant, each in a session of its own; an empty tenant is none."""
    ids = [new_run_id() for _ in range(count)]
    for run_id in ids:
        session = f"agent:main:{run_id}"
        key = f"tenant:{tenant}:{session}" if tenant else session
        await RunQueue(bench.store).submit(run_id, request(key))
    return ids


async def complete(lease: Lease) -> None:
    """End a run well."""
    await lease.finish(RunStatus.COMPLETED, events=[(RUN_COMPLETED, b"{}")])


async def order(bench: Bench, count: int) -> str:
    """Execute runs one by one; return the first letters of their tenants, `-` for nobody's."""
    letters = ""
    for _ in range(count):
        (lease,) = await bench.claim(limit=1)
        record = await bench.record(lease.id)
        letters += record.tenant[:1] or "-"
        await complete(lease)
    return letters


async def test_a_tenant_that_comes_later_is_served_at_once_and_then_by_turns(bench: Bench) -> None:
    await submit(bench, "acme", 50)
    await submit(bench, "beta", 10)
    found = await order(bench, 24)
    assert found.startswith("bbb")
    rounds = [found[place : place + 2] for place in range(3, 17, 2)]
    assert {"".join(sorted(each)) for each in rounds} == {"ab"}, found
    assert found[17:] == "aaaaaaa"


async def test_nobodys_runs_are_those_of_one_tenant(bench: Bench) -> None:
    await submit(bench, "", 30)
    await submit(bench, "beta", 6)
    found = await order(bench, 16)
    assert found.startswith("bbb")
    assert found[3:9].count("b") == 3


async def test_three_tenants_that_wait_get_a_third_each(bench: Bench) -> None:
    for tenant in ("acme", "beta", "cobalt"):
        await submit(bench, tenant, 40)
    found = await order(bench, 60)
    counts = {letter: found[10:].count(letter) for letter in "abc"}
    assert max(counts.values()) - min(counts.values()) <= 4, found


async def test_a_claim_of_many_gives_turns_and_leaves_no_slot_empty(bench: Bench) -> None:
    await submit(bench, "acme", 30)
    await submit(bench, "beta", 4)
    leases = await bench.claim(limit=20)
    tenants = [(await bench.record(lease.id)).tenant for lease in leases]
    assert len(tenants) == 20
    assert tenants.count("beta") == 4
    assert sum(tenant == "beta" for tenant in tenants[:5]) >= 4
    assert len(await bench.claim(limit=20)) == 14


async def test_the_runs_of_one_tenant_are_claimed_in_the_order_of_acceptance(bench: Bench) -> None:
    first = await submit(bench, "acme", 8)
    await submit(bench, "beta", 1)
    claimed = [lease.id for _ in range(9) for lease in await bench.claim(limit=1)]
    expected = {run_id: place for place, run_id in enumerate(first)}
    created = [int(await bench.field(run_id, "created_ms") or 0) for run_id in claimed[1:]]
    assert {run_id for run_id in claimed if run_id in expected} == set(first)
    assert created == sorted(created)


async def test_a_cancelled_run_hands_its_turn_on(bench: Bench) -> None:
    await submit(bench, "acme", 3)
    beta = await submit(bench, "beta", 4)
    for run_id in beta[:3]:
        await bench.store.runs.cancel(run_id)
    found = await order(bench, 4)
    assert sorted(found) == ["a", "a", "a", "b"]


async def test_a_turn_that_was_taken_by_a_step_without_turns_is_mended(
    bench: Bench, valkey: Any
) -> None:
    await submit(bench, "acme", 3)
    await submit(bench, "beta", 3)
    keys = bench.store.keys
    taken = (await valkey.hget(keys.tenant_turns, "beta")).decode()
    await valkey.zrem(keys.queue(RUN), keys.job_id(taken))
    await bench.store.run_jobs.expire_overdue()
    found = await order(bench, 5)
    assert found.count("b") == 2


async def test_when_nothing_waits_no_key_of_turns_is_left(bench: Bench, valkey: Any) -> None:
    await submit(bench, "acme", 3)
    await submit(bench, "beta", 2)
    await order(bench, 5)
    keys = bench.store.keys
    left = [keys.shares, keys.tenant_turns, keys.held("acme"), keys.held("beta")]
    assert await valkey.exists(*left) == 0
    await submit(bench, "acme", 2)
    assert await valkey.zcard(keys.queue(RUN)) == 2


async def test_a_run_that_was_handed_back_needs_no_turn(bench: Bench) -> None:
    (first,) = await submit(bench, "acme", 1)
    lease = await bench.claim_one()
    await submit(bench, "acme", 5)
    await submit(bench, "beta", 5)
    await lease.release()
    claimed = [lease.id for lease in await bench.claim(limit=20)]
    assert len(claimed) == 11
    assert first in claimed
