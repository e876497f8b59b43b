"""admit: accepts one job whole, or says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openclaw_common.contracts.errors import IdempotencyConflict, QueueFull, StoreUnavailable
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunStatus
from openclaw_common.queue.job_queue import Admitted, Idempotency, Replayed, RunQueue
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import RUN
from tests.integration.store.support import Bench, complete, request

KEY = Idempotency("chat", "key-1", "fingerprint")


async def test_an_accepted_run_is_in_redis_whole(bench: Bench) -> None:
    run_id = await bench.submit("alice")
    record = await bench.record(run_id)
    assert (record.status, record.session_key, record.attempt) == (RunStatus.QUEUED, "alice", 0)
    assert record.queue_position == 0
    assert await bench.events(run_id) == [(0, 1, "run.queued")]
    assert await bench.redis.llen(bench.store.keys.wake(RUN)) == 1
    (lease,) = await bench.claim()
    assert RunRequest.decode(lease.payload) == request("alice")


async def test_a_refused_run_leaves_nothing_behind(bench: Bench) -> None:
    full = RunQueue(bench.bounded(max_open=0))
    with pytest.raises(QueueFull) as refused:
        await full.submit(new_run_id(), request(), idempotency=KEY)
    assert refused.value.body.status == 503
    assert await bench.redis.dbsize() == 0


async def test_a_full_lane_refuses_its_own_session_only(bench: Bench) -> None:
    queue = RunQueue(bench.bounded(max_lane=2))
    for _ in range(2):
        await queue.submit(new_run_id(), request("busy"))
    with pytest.raises(QueueFull) as refused:
        await queue.submit(new_run_id(), request("busy"))
    assert refused.value.body.status == 429
    assert await queue.submit(new_run_id(), request("other"))


async def test_runs_that_wait_in_vain_make_room_before_the_queue_says_full(bench: Bench) -> None:
    overdue = await bench.submit("a")
    await bench.pass_deadline(overdue, "expires_ms")
    await RunQueue(bench.bounded(max_open=1)).submit(new_run_id(), request("b"))
    assert await bench.status(overdue) is RunStatus.EXPIRED


async def test_the_same_id_sent_twice_is_accepted_once(bench: Bench) -> None:
    first = await bench.submit()
    second = new_run_id()
    queue = RunQueue(bench.store)
    answers = [await queue.submit(second, request()) for _ in range(2)]
    assert [answer.position for answer in answers if isinstance(answer, Admitted)] == [1, 1]
    assert await bench.redis.lrange(bench.store.keys.lane(RUN, "s"), 0, -1) == [
        first.encode(),
        second.encode(),
    ]


async def test_an_idempotency_key_replays_its_run_also_after_the_end(bench: Bench) -> None:
    run_id = await bench.submit(idempotency=KEY)
    queue = RunQueue(bench.store)
    assert await queue.submit(new_run_id(), request(), idempotency=KEY) == Replayed(run_id)
    await complete(await bench.claim_one())
    assert await queue.submit(new_run_id(), request(), idempotency=KEY) == Replayed(run_id)
    life_ms = await bench.redis.pttl(bench.store.keys.idempotency(KEY.digest()))
    assert 0 < life_ms <= 86_400_000


async def test_an_idempotency_key_with_another_body_is_a_conflict(bench: Bench) -> None:
    await bench.submit(idempotency=KEY)
    with pytest.raises(IdempotencyConflict):
        await bench.submit(idempotency=Idempotency("chat", "key-1", "another body"))
    assert await bench.submit(idempotency=Idempotency("other scope", "key-1", "another body"))


async def test_a_delayed_job_is_not_due_before_its_time(bench: Bench) -> None:
    run_id = new_run_id()
    await bench.store.admission.admit(run_id, "s", b"", {"payload": "{}"}, delay_ms=60_000)
    claim = await bench.store.leases.claim("w1", 10, idle=True)
    assert claim.jobs == ()
    assert claim.due_in_ms is not None
    assert 0 < claim.due_in_ms <= 60_000


async def test_a_delayed_follower_of_a_lane_keeps_its_delay(bench: Bench) -> None:
    await bench.submit("s")
    await bench.store.admission.admit(new_run_id(), "s", b"", {"payload": "{}"}, delay_ms=60_000)
    await complete(await bench.claim_one())
    assert await bench.claim() == []


async def test_a_reader_that_is_named_is_told(bench: Bench) -> None:
    control = bench.store.keys.reader("r1")
    admission = bench.store.admission
    run_id = new_run_id()
    for _ in range(2):
        await admission.admit(run_id, "s", b"", {"payload": "{}"}, reader_control=control)
    entries = await bench.redis.xrange(control)
    assert [fields for _, fields in entries] == [{b"run": run_id.encode()}]
    assert await bench.redis.pttl(control) > 0


async def test_twenty_mebibytes_of_request_travel_whole(bench: Bench) -> None:
    large = request("large", system="x" * 20 * 1024 * 1024)
    await RunQueue(bench.store).submit(new_run_id(), large)
    lease = await bench.claim_one()
    assert RunRequest.decode(lease.payload) == large


async def test_what_lay_in_a_frozen_server_is_not_accepted_any_more(bench: Bench) -> None:
    await bench.submit("warm up")
    impatient = RedisClient(bench.store.client.pool, timeout_s=0.2)
    scripts = replace(bench.store.scripts, client=impatient)
    admission = replace(bench.store.admission, scripts=scripts)
    run_id = new_run_id()
    await bench.redis.execute_command("CLIENT", "PAUSE", 600, "ALL")
    with pytest.raises(StoreUnavailable):
        await admission.admit(run_id, "s", b"", {"payload": "{}"})
    await bench.store.ping()
    assert await bench.store.runs.get(run_id) is None
    await impatient.close()
