"""claim: gives due jobs to a worker, each under a lease and a new attempt number."""

from __future__ import annotations

from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.run_event import RUN_IN_PROGRESS, RUN_QUEUED, RUN_RESET
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.keys import RUN
from openclaw_common.store.lease_steps import CLAIM_BYTES
from openclaw_common.store.leases import Lease
from openclaw_common.store.store import Store
from tests.integration.store.support import LONG_LEASE, Bench, complete, deltas


async def test_a_lane_gives_its_jobs_one_by_one_in_the_order_of_admission(bench: Bench) -> None:
    ids = [await bench.submit("lane") for _ in range(3)]
    executed = []
    for _ in ids:
        lease = await bench.claim_one()
        assert await bench.claim("w2") == []
        executed.append(lease.id)
        await complete(lease)
    assert executed == ids


async def test_lanes_do_not_wait_for_each_other(bench: Bench) -> None:
    ids = {await bench.submit(f"lane-{number}") for number in range(5)}
    assert {lease.id for lease in await bench.claim()} == ids


async def test_a_claim_takes_no_more_than_it_wants(bench: Bench) -> None:
    for number in range(5):
        await bench.submit(f"lane-{number}")
    assert len(await bench.claim(limit=2)) == 2
    assert len(await bench.claim(limit=10)) == 3


async def test_a_claim_that_is_heavy_enough_leaves_the_rest_for_the_next(bench: Bench) -> None:
    half = b"x" * (CLAIM_BYTES // 2)
    for number in range(4):
        fields: dict[str, bytes | str] = {"payload": half}
        await bench.store.admission.admit(f"run_{number}", f"lane-{number}", b"", fields)
    claims = [await bench.store.leases.claim("w1", 10, idle=True) for _ in range(2)]
    assert [len(claim.jobs) for claim in claims] == [2, 2]
    assert claims[0].due_in_ms == 0


async def test_sequences_run_on_over_attempts_and_a_reset_names_what_it_takes_back(
    bench: Bench,
) -> None:
    run_id = await bench.submit()
    first = await bench.claim_one()
    await first.publish(deltas("a", "b"))
    second = await bench.crash(run_id, "w2")
    await second.publish(deltas("a"))
    await second.release()
    third = await bench.claim_one("w3")
    assert (first.attempt, second.attempt, third.attempt) == (1, 2, 3)
    found = await bench.store.streams.read(run_id)
    assert [(event.attempt, event.sequence, event.type) for event in found] == [
        (0, 1, RUN_QUEUED),
        (1, 2, RUN_IN_PROGRESS),
        (1, 3, "message.delta"),
        (1, 4, "message.delta"),
        (2, 5, RUN_RESET),
        (2, 6, "message.delta"),
        (3, 7, RUN_RESET),
    ]
    assert [event.json() for event in found if event.type == RUN_RESET] == [
        {"discard_from": 3},
        {"discard_from": 6},
    ]


async def test_a_lease_that_ran_out_is_a_job_that_is_due_again(bench: Bench) -> None:
    run_id = await bench.submit()
    first = await bench.claim_one("w1")
    assert await bench.claim("w2") == []
    again = await bench.crash(run_id, "w2")
    assert (again.id, again.attempt, again.crashes) == (first.id, 2, 1)
    keys = bench.store.keys
    assert not await bench.redis.exists(keys.leases(RUN, "w1"))
    assert await bench.redis.hgetall(keys.leases(RUN, "w2")) == {again.job_id.encode(): b"2"}


async def test_a_run_that_waited_past_the_queue_time_limit_expires(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.redis.hset(bench.store.keys.record(RUN, run_id), "expires_ms", 1)
    assert await bench.claim() == []
    record = await bench.record(run_id)
    assert (record.status, record.attempt) == (RunStatus.EXPIRED, 0)
    assert record.error is not None
    assert record.error.code == "run_expired"
    assert (await bench.events(run_id))[-1][2] == "run.expired"


async def test_a_run_that_was_started_in_time_does_not_expire_later(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.claim_one()
    await bench.redis.hset(bench.store.keys.record(RUN, run_id), "expires_ms", 1)
    assert (await bench.crash(run_id)).attempt == 2


async def test_a_run_that_no_worker_understands_expires(bench: Bench) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    await lease.release(counter="incompatible")
    await bench.redis.hset(bench.store.keys.record(RUN, run_id), "expires_ms", 1)
    assert await bench.claim() == []
    assert await bench.status(run_id) is RunStatus.EXPIRED


async def test_a_cancelled_run_whose_worker_died_ends_with_the_next_claim(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.claim_one()
    await bench.store.runs.cancel(run_id)
    await bench.lapse(run_id)
    assert await bench.claim("w2") == []
    record = await bench.record(run_id)
    assert (record.status, record.cancel_reason) == (RunStatus.CANCELLED, "user")


async def test_one_record_that_cannot_be_read_does_not_stop_the_others(bench: Bench) -> None:
    broken = await bench.submit("a")
    whole = await bench.submit("b")
    await bench.redis.hdel(bench.store.keys.record(RUN, broken), "attempt")
    claim = await bench.store.leases.claim("w1", 10, idle=True)
    assert [job.job_id for job in claim.jobs] == [bench.store.keys.job_id(whole)]
    assert len(claim.unreadable) == 1
    assert broken in claim.unreadable[0]
    assert await bench.claim("w2") == []


async def test_leases_that_ran_out_while_redis_was_away_are_no_crashes(
    bench: Bench, valkey_url: str
) -> None:
    run_id = await bench.submit()
    await bench.claim_one()
    await bench.lapse(run_id)
    # Longer than this server has been up.
    day = LONG_LEASE.model_copy(update={"lease_ms": 86_400_000})
    store = await Store.connect(Redis(url=valkey_url), day, role="test")
    (job,) = (await store.leases.claim("w2", 10, idle=True)).jobs
    await store.close()
    assert (job.attempt, job.crashes) == (2, 0)


async def test_a_leased_job_says_when_it_is_due_again(bench: Bench) -> None:
    assert (await bench.store.leases.claim("w1", 10, idle=True)).due_in_ms is None
    await bench.submit()
    claim = await bench.store.leases.claim("w1", 10, idle=True)
    assert claim.due_in_ms is not None
    assert 0 < claim.due_in_ms <= 60_000
    assert Lease.of(bench.store.leases, "w1", claim.jobs[0]).attempt == 1
