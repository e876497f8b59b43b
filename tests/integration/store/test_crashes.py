"""Crashes: counted, quarantined, given up, and never blamed on a bystander."""

from __future__ import annotations

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.keys import RUN
from tests.integration.store.support import COUNTING_LEASE_MS, Bench, complete


async def quarantined(bench: Bench, session: str = "suspect") -> str:
    """A run that crashed twice and waits in quarantine."""
    run_id = await bench.submit(session)
    await bench.claim_one()
    for _ in range(2):
        await bench.lapse(run_id)
        await bench.claim()
    assert await bench.redis.zcard(bench.store.keys.quarantine(RUN)) == 1
    return run_id


async def test_after_two_crashes_a_job_waits_in_quarantine(bench: Bench) -> None:
    run_id = await quarantined(bench)
    record = await bench.record(run_id)
    assert (record.status, record.attempt) == (RunStatus.QUEUED, 2)
    assert await bench.redis.zcard(bench.store.keys.queue(RUN)) == 0


async def test_a_quarantined_job_is_given_to_an_idle_worker_alone(bench: Bench) -> None:
    run_id = await quarantined(bench)
    await bench.submit("bystander")
    claim = await bench.counting.claim("w1", 10, idle=True)
    assert claim.exclusive
    assert [job.job_id for job in claim.jobs] == [bench.store.keys.job_id(run_id)]
    assert len(await bench.claim("w2")) == 1


async def test_a_worker_that_runs_something_is_asked_to_become_idle(bench: Bench) -> None:
    await quarantined(bench)
    await bench.submit("other")
    busy = await bench.counting.claim("w1", 10, idle=False)
    assert (busy.reserved, busy.jobs) == (True, ())
    elsewhere = await bench.counting.claim("w2", 10, idle=False)
    assert (elsewhere.reserved, len(elsewhere.jobs)) == (False, 1)
    assert elsewhere.due_in_ms != 0


async def test_a_worker_that_cannot_become_idle_goes_on_with_other_work(bench: Bench) -> None:
    await quarantined(bench)
    await bench.submit("other")
    assert (await bench.counting.claim("w1", 10, idle=False)).reserved
    reserved = bench.store.keys.quarantine(RUN) + ":reserved"
    await bench.redis.pexpire(reserved, 5 * COUNTING_LEASE_MS)
    claim = await bench.counting.claim("w1", 10, idle=False)
    assert (claim.reserved, len(claim.jobs)) == (False, 1)


async def test_a_reservation_ends_with_its_worker(bench: Bench) -> None:
    await quarantined(bench)
    assert (await bench.counting.claim("w1", 10, idle=False)).reserved
    await bench.store.leases.release_worker("w1")
    assert (await bench.counting.claim("w2", 10, idle=False)).reserved


async def test_a_quarantined_job_that_finishes_was_innocent(bench: Bench) -> None:
    run_id = await quarantined(bench)
    await complete(await bench.claim_one("w2"))
    assert await bench.status(run_id) is RunStatus.COMPLETED
    assert await bench.store.dead_letters.newest() == []


async def test_a_quarantined_job_is_renewed_and_released_where_it_is(bench: Bench) -> None:
    run_id = await quarantined(bench)
    lease = await bench.claim_one("w2")
    assert await bench.store.leases.renew("w2", [(lease.job_id, lease.attempt)]) == [""]
    await lease.release()
    assert await bench.redis.zcard(bench.store.keys.queue(RUN)) == 0
    assert (await bench.claim_one("w3")).id == run_id


async def test_a_job_that_crashes_alone_is_a_dead_letter(bench: Bench) -> None:
    run_id = await quarantined(bench)
    follower = await bench.submit("suspect")
    await bench.claim_one("w2")
    await bench.lapse(run_id)
    assert [lease.id for lease in await bench.claim("w3")] == [follower]
    record = await bench.record(run_id)
    assert record.status is RunStatus.FAILED
    assert record.error is not None
    assert record.error.code == "attempts_exhausted"
    assert [dead for dead, _ in await bench.store.dead_letters.newest()] == [run_id]
    key = bench.store.keys.record(RUN, run_id)
    assert await bench.redis.pttl(key) > 86_400_000


async def test_attempts_that_crash_are_limited_also_without_quarantine(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.claim_one()
    await bench.redis.hset(bench.store.keys.record(RUN, run_id), "crashes", 4)
    await bench.lapse(run_id)
    assert await bench.claim() == []
    assert await bench.status(run_id) is RunStatus.FAILED


async def test_bystanders_of_a_crash_are_never_given_up(bench: Bench) -> None:
    poison = await bench.submit("poison")
    others = [await bench.submit(f"other-{number}") for number in range(4)]
    # Twice the whole worker dies; from then on each of the five runs alone.
    for _ in range(2):
        assert len(await bench.claim()) == 5
        await bench.store.leases.release_worker("w1")
    while await bench.redis.zcard(bench.store.keys.open(RUN)):
        for lease in await bench.claim():
            if lease.id == poison:
                await bench.store.leases.release_worker("w1")
            else:
                await complete(lease)
    assert await bench.status(poison) is RunStatus.FAILED
    assert {await bench.status(run_id) for run_id in others} == {RunStatus.COMPLETED}


async def silence(bench: Bench) -> None:
    """Let more than half a lease pass without a word from any worker, as it seems to Redis."""
    presence = bench.store.keys.presence(RUN)
    heard_ms = int(await bench.redis.hget(presence, "heard_ms"))
    await bench.redis.hset(presence, "heard_ms", heard_ms - COUNTING_LEASE_MS)


async def test_a_lease_that_ran_out_in_a_silence_of_all_workers_is_left_to_its_owner(
    bench: Bench,
) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one("w1")
    await bench.lapse(run_id)
    await silence(bench)
    assert await bench.claim("w2") == []
    # The owner comes back and hands back what it had to give up.
    await bench.store.leases.release_unknown("w1", {})
    assert (await bench.claim_one("w2")).attempt == lease.attempt + 1
    assert await bench.redis.hget(bench.store.keys.record(RUN, run_id), "crashes") == b"0"


async def test_an_owner_that_does_not_come_back_after_a_silence_has_crashed(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.claim_one("w1")
    await bench.lapse(run_id)
    await silence(bench)
    assert await bench.claim("w2") == []
    await bench.lapse(run_id)
    await bench.redis.hset(bench.store.keys.presence(RUN), "grace_until_ms", 0)
    await bench.claim_one("w2")
    assert await bench.redis.hget(bench.store.keys.record(RUN, run_id), "crashes") == b"1"
