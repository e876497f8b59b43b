"""Readers of a chat-completions run, the disconnect grace, and what `expire` ends."""

from __future__ import annotations

from dataclasses import replace

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.job_store import EXPIRE_BATCH
from openclaw_common.store.keys import RUN
from openclaw_common.store.run_reader import RunStreamReader
from tests.integration.store.support import Bench, complete


async def watched(bench: Bench, session: str = "s", on_disconnect: str = "cancel") -> str:
    """A run with one reader."""
    reader = RunStreamReader(bench.store)
    return await bench.submit(session, reader=reader, on_disconnect=on_disconnect)


async def abandon_ms(bench: Bench, run_id: str) -> int:
    return int(await bench.field(run_id, "abandon_ms") or 0)


async def test_the_last_reader_leaving_starts_the_grace(bench: Bench) -> None:
    run_id = await watched(bench)
    await bench.store.runs.attach_reader(run_id)
    await bench.store.runs.detach_reader(run_id)
    assert await abandon_ms(bench, run_id) == 0
    await bench.store.runs.detach_reader(run_id)
    seconds, _ = await bench.redis.time()
    assert 8 <= await abandon_ms(bench, run_id) / 1000 - seconds <= 12
    assert await bench.status(run_id) is RunStatus.QUEUED


async def test_a_reader_that_comes_back_stops_the_grace(bench: Bench) -> None:
    run_id = await watched(bench)
    await bench.store.runs.detach_reader(run_id)
    await bench.store.runs.attach_reader(run_id)
    assert await abandon_ms(bench, run_id) == 0
    assert await bench.store.run_jobs.expire_overdue() == 0


async def test_a_run_that_goes_on_without_readers_has_no_grace(bench: Bench) -> None:
    run_id = await watched(bench, on_disconnect="continue")
    await bench.store.runs.detach_reader(run_id)
    assert await abandon_ms(bench, run_id) == 0


async def test_without_a_grace_the_run_is_cancelled_at_once(bench: Bench) -> None:
    run_id = await watched(bench)
    await replace(bench.store.runs, grace_ms=0).detach_reader(run_id)
    record = await bench.record(run_id)
    assert (record.status, record.cancel_reason) == (RunStatus.CANCELLED, "disconnect")


async def test_a_reader_counted_out_twice_does_not_count_against_the_next(bench: Bench) -> None:
    run_id = await watched(bench)
    for _ in range(3):
        await bench.store.runs.detach_reader(run_id)
    await bench.store.runs.attach_reader(run_id)
    assert await abandon_ms(bench, run_id) == 0


async def test_readers_of_an_ended_or_unknown_run_change_nothing(bench: Bench) -> None:
    run_id = await watched(bench)
    await complete(await bench.claim_one())
    before = await bench.redis.hgetall(bench.store.keys.record(RUN, run_id))
    for each in (run_id, new_run_id()):
        await bench.store.runs.attach_reader(each)
        await bench.store.runs.detach_reader(each)
    assert await bench.redis.hgetall(bench.store.keys.record(RUN, run_id)) == before
    assert await bench.endless() <= {"wake"}


async def test_a_run_whose_grace_has_passed_is_not_executed(bench: Bench) -> None:
    run_id = await watched(bench)
    await bench.store.runs.detach_reader(run_id)
    await bench.pass_deadline(run_id, "abandon_ms")
    assert await bench.claim() == []
    assert (await bench.record(run_id)).cancel_reason == "disconnect"


async def test_a_run_behind_a_long_one_ends_when_its_grace_has_passed(bench: Bench) -> None:
    await bench.submit("lane")
    abandoned = await watched(bench, "lane")
    last = await bench.submit("lane")
    lease = await bench.claim_one()
    await bench.store.runs.detach_reader(abandoned)
    await bench.pass_deadline(abandoned, "abandon_ms")
    assert await bench.store.run_jobs.expire_overdue() == 1
    record = await bench.record(abandoned)
    assert (record.status, record.cancel_reason) == (RunStatus.CANCELLED, "disconnect")
    await complete(lease)
    assert (await bench.claim_one()).id == last


async def test_a_run_that_no_worker_takes_expires_in_time(bench: Bench) -> None:
    run_id = await bench.submit()
    assert await bench.store.run_jobs.expire_overdue() == 0
    await bench.pass_deadline(run_id, "expires_ms")
    assert await bench.store.run_jobs.expire_overdue() == 1
    record = await bench.record(run_id)
    assert (record.status, record.attempt) == (RunStatus.EXPIRED, 0)
    assert await bench.claim() == []
    assert await bench.endless() <= {"wake"}


async def test_a_run_in_progress_does_not_expire(bench: Bench) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    await bench.pass_deadline(run_id, "expires_ms")
    assert await bench.store.run_jobs.expire_overdue() == 0
    await complete(lease)


async def test_a_run_handed_back_still_ends_when_its_grace_passes(bench: Bench) -> None:
    run_id = await watched(bench)
    lease = await bench.claim_one()
    await bench.store.runs.detach_reader(run_id)
    await lease.release(60)
    await bench.pass_deadline(run_id, "abandon_ms")
    assert await bench.store.run_jobs.expire_overdue() == 1


async def test_a_record_that_cannot_be_read_keeps_no_other_from_expiring(bench: Bench) -> None:
    broken, whole = [await bench.submit(name) for name in "ab"]
    for run_id in (broken, whole):
        await bench.pass_deadline(run_id, "expires_ms")
    await bench.redis.hdel(bench.store.keys.record(RUN, broken), "attempt")
    await bench.store.run_jobs.expire_overdue()
    assert await bench.status(whole) is RunStatus.EXPIRED
    assert await bench.store.run_jobs.expire_overdue() == 0


async def test_any_number_of_overdue_runs_is_ended(bench: Bench) -> None:
    ids = [await bench.submit(f"lane-{number}") for number in range(EXPIRE_BATCH + 20)]
    for run_id in ids:
        await bench.pass_deadline(run_id, "expires_ms")
    assert await bench.store.run_jobs.expire_overdue() == len(ids)
    assert await bench.redis.zcard(bench.store.keys.open(RUN)) == 0
