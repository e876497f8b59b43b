"""Jobs that arq itself enqueued: the same lease and fence, without a record."""

from __future__ import annotations

from arq.connections import ArqRedis

from openclaw_common.queue.job_queue import pack, unpack
from openclaw_common.store.keys import RUN
from tests.integration.store.support import Bench


async def enqueue(bench: Bench, job_id: str = "tick") -> None:
    arq = ArqRedis(bench.store.client.pool, job_serializer=pack, job_deserializer=unpack)
    queue = bench.store.keys.queue(RUN)
    await arq.enqueue_job("function", 1, _job_id=job_id, _queue_name=queue)


async def test_a_plain_job_is_claimed_under_a_lease(bench: Bench) -> None:
    await enqueue(bench)
    (job,) = (await bench.store.leases.claim("w1", 10, idle=True)).jobs
    assert (job.job_id, job.attempt, job.payload) == ("tick", 1, None)
    assert unpack(job.arq_job or b"")["f"] == "function"
    assert await bench.store.leases.renew("w1", [("tick", 1)]) == [""]
    assert await bench.store.leases.renew("w2", [("tick", 1)]) == ["lost"]


async def test_only_the_owner_settles_a_plain_job_and_nothing_is_left(bench: Bench) -> None:
    await enqueue(bench)
    leases = bench.store.leases
    await leases.claim("w1", 10, idle=True)
    await bench.lapse_plain("tick")
    await leases.claim("w2", 10, idle=True)
    assert not await leases.settle_plain("w1", "tick", 1)
    assert not await leases.release("w1", "tick", 1)
    assert await leases.settle_plain("w2", "tick", 2, result=b"result", keep_ms=1000)
    assert await bench.redis.get("arq:result:tick") == b"result"
    await bench.redis.delete("arq:result:tick", bench.store.keys.wake(RUN))
    assert await bench.redis.keys() == [bench.store.keys.presence(RUN).encode()]


async def test_the_id_of_an_ended_job_can_be_kept_from_being_used_again(bench: Bench) -> None:
    await enqueue(bench)
    leases = bench.store.leases
    await leases.claim("w1", 10, idle=True)
    await leases.settle_plain("w1", "tick", 1, refuse_id_ms=60_000)
    await enqueue(bench)
    assert (await leases.claim("w1", 10, idle=True)).jobs == ()


async def test_a_plain_job_of_a_dead_worker_is_due_at_once(bench: Bench) -> None:
    await enqueue(bench)
    leases = bench.store.leases
    await leases.claim("w1", 10, idle=True)
    assert await leases.release_worker("w1") == 1
    (job,) = (await leases.claim("w2", 10, idle=True)).jobs
    assert job.attempt == 2


async def test_a_plain_job_whose_content_expired_is_dropped(bench: Bench) -> None:
    await enqueue(bench)
    await bench.redis.delete("arq:job:tick")
    claim = await bench.store.leases.claim("w1", 10, idle=True)
    assert (claim.jobs, claim.due_in_ms) == ((), None)
    assert await bench.redis.keys() == [bench.store.keys.presence(RUN).encode()]
