"""renew, release, release_worker, release_unknown: prolonging leases and giving jobs back."""

from __future__ import annotations

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.keys import RUN
from tests.integration.store.support import Bench, complete


async def due_ms(bench: Bench, run_id: str) -> float:
    score = await bench.redis.zscore(bench.store.keys.queue(RUN), bench.store.keys.job_id(run_id))
    assert score is not None
    return float(score)


async def test_renewing_moves_the_deadline(bench: Bench) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    before = await due_ms(bench, run_id)
    assert await bench.store.leases.renew("w1", [(lease.job_id, 1)]) == [""]
    assert await due_ms(bench, run_id) > before


async def test_a_lease_that_ran_out_and_was_not_claimed_can_be_renewed(bench: Bench) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    await bench.lapse(run_id)
    assert await bench.store.leases.renew("w1", [(lease.job_id, 1)]) == [""]
    assert await bench.claim("w2") == []


async def test_renewing_says_what_was_lost_and_what_is_to_be_cancelled(bench: Bench) -> None:
    lost, cancelled, abandoned, kept = [await bench.submit(name) for name in "abcd"]
    await bench.claim()
    await bench.lapse(lost)
    await bench.claim("w2")
    await bench.store.runs.cancel(cancelled)
    await bench.redis.hset(bench.store.keys.record(RUN, abandoned), "abandon_ms", 1)
    job_id = bench.store.keys.job_id
    held = [(job_id(run_id), 1) for run_id in (lost, cancelled, abandoned, kept, "run_unknown")]
    codes = await bench.store.leases.renew("w1", held)
    assert codes == ["lost", "user", "disconnect", "", "lost"]
    assert await bench.field(abandoned, "cancel") == "disconnect"


async def test_losing_an_old_attempt_leaves_the_books_of_a_newer_one(bench: Bench) -> None:
    await bench.submit()
    old = await bench.claim_one()
    await old.release()
    new = await bench.claim_one()
    leases = bench.store.leases
    assert await leases.renew("w1", [(old.job_id, old.attempt)]) == ["lost"]
    assert not await leases.release("w1", old.job_id, old.attempt)
    assert await leases.release_worker("w1") == 1
    assert (await bench.claim_one("w2")).attempt == new.attempt + 1


async def test_a_released_job_is_due_at_once_and_counts_no_crash(bench: Bench) -> None:
    run_id = await bench.submit()
    first = await bench.claim_one()
    await bench.redis.delete(bench.store.keys.wake(RUN))
    await first.release(counter="tries")
    assert await bench.status(run_id) is RunStatus.QUEUED
    assert await bench.redis.llen(bench.store.keys.wake(RUN)) == 1
    again = await bench.claim_one()
    assert (again.attempt, again.crashes) == (2, 0)
    assert await bench.field(run_id, "tries") == "1"


async def test_a_released_job_keeps_its_place_in_the_lane(bench: Bench) -> None:
    first = await bench.submit("lane")
    await bench.submit("lane")
    await (await bench.claim_one()).release()
    assert (await bench.claim_one()).id == first


async def test_a_job_released_for_later_is_not_due_and_somebody_learns_when(bench: Bench) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    await bench.redis.delete(bench.store.keys.wake(RUN))
    await lease.release(60)
    claim = await bench.store.leases.claim("w1", 10, idle=True)
    assert claim.jobs == ()
    assert claim.due_in_ms is not None
    assert 50_000 < claim.due_in_ms <= 60_000
    assert await bench.redis.llen(bench.store.keys.wake(RUN)) == 1


async def test_a_cancelled_job_is_not_released_for_later(bench: Bench) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    await bench.store.runs.cancel(run_id)
    await lease.release(60)
    assert await bench.claim() == []
    assert await bench.status(run_id) is RunStatus.CANCELLED


async def test_the_leases_of_a_dead_worker_are_due_at_once_and_count_a_crash(
    bench: Bench,
) -> None:
    ids = {await bench.submit(f"lane-{number}") for number in range(3)}
    settled, *_ = await bench.claim()
    await complete(settled)
    assert await bench.store.leases.release_worker("w1") == 2
    assert not await bench.redis.exists(bench.store.keys.leases(RUN, "w1"))
    again = await bench.claim("w2")
    assert {lease.id for lease in again} == ids - {settled.id}
    assert {(lease.attempt, lease.crashes) for lease in again} == {(2, 1)}
    assert await bench.store.leases.release_worker("w1") == 0


async def test_leases_a_worker_does_not_know_of_are_handed_back_without_a_crash(
    bench: Bench,
) -> None:
    known, unknown = [await bench.submit(name) for name in "ab"]
    await bench.claim()
    job_id = bench.store.keys.job_id
    await bench.store.leases.release_unknown("w1", {job_id(known): 1})
    again = await bench.claim_one("w2")
    assert (again.id, again.crashes) == (unknown, 0)


async def test_a_worker_with_nothing_left_has_no_books(bench: Bench) -> None:
    await bench.submit()
    await complete(await bench.claim_one())
    assert not await bench.redis.exists(bench.store.keys.leases(RUN, "w1"))
