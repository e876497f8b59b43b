"""cancel: ends what waits at once, and flags what is in progress."""

from __future__ import annotations

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.keys import RUN
from openclaw_common.store.runs import CancelOutcome
from tests.integration.store.support import Bench, complete


async def test_a_waiting_run_is_cancelled_at_once_and_its_lane_moves_on(bench: Bench) -> None:
    head = await bench.submit("lane")
    follower = await bench.submit("lane")
    assert await bench.store.runs.cancel(head) is CancelOutcome.CANCELLED
    record = await bench.record(head)
    assert (record.status, record.cancel_reason) == (RunStatus.CANCELLED, "user")
    assert await bench.events(head) == [(0, 1, "run.queued"), (0, 2, "run.cancelled")]
    assert (await bench.claim_one()).id == follower


async def test_a_run_in_the_middle_of_its_lane_is_taken_out(bench: Bench) -> None:
    ids = [await bench.submit("lane") for _ in range(3)]
    lease = await bench.claim_one()
    await bench.store.runs.cancel(ids[1])
    assert [await bench.status(run_id) for run_id in ids] == [
        RunStatus.IN_PROGRESS,
        RunStatus.CANCELLED,
        RunStatus.QUEUED,
    ]
    await complete(lease)
    assert (await bench.claim_one()).id == ids[2]


async def test_a_run_in_progress_is_flagged_and_its_worker_told(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.claim_one("w1")
    assert await bench.store.runs.cancel(run_id, "user") is CancelOutcome.CANCELLING
    assert await bench.store.runs.cancel(run_id, "disconnect") is CancelOutcome.CANCELLING
    assert await bench.status(run_id) is RunStatus.IN_PROGRESS
    assert await bench.field(run_id, "cancel") == "user"
    control = bench.store.keys.control(RUN, "w1")
    assert await bench.redis.lindex(control, 0) == run_id.encode()
    assert await bench.redis.pttl(control) > 0


async def test_an_ended_run_stays_as_it_ended(bench: Bench) -> None:
    run_id = await bench.submit()
    await complete(await bench.claim_one())
    assert await bench.store.runs.cancel(run_id) is CancelOutcome.ALREADY_TERMINAL
    assert await bench.status(run_id) is RunStatus.COMPLETED


async def test_a_run_nobody_knows_is_missing(bench: Bench) -> None:
    assert await bench.store.runs.cancel(new_run_id()) is CancelOutcome.MISSING


async def test_a_run_that_was_handed_back_is_cancelled_at_once(bench: Bench) -> None:
    run_id = await bench.submit()
    await (await bench.claim_one()).release(60)
    assert await bench.store.runs.cancel(run_id) is CancelOutcome.CANCELLED
    assert await bench.endless() <= {"wake"}


async def test_a_reason_of_any_text_is_kept(bench: Bench) -> None:
    run_id = await bench.submit()
    reason = 'a "quoted" \\ reason\nin two lines, ünïcödé'
    await bench.store.runs.cancel(run_id, reason)
    assert (await bench.record(run_id)).cancel_reason == reason
    last = (await bench.store.streams.read(run_id))[-1]
    assert last.json() == {"reason": reason}


async def test_the_end_of_a_run_that_never_began_is_read_from_any_sequence(bench: Bench) -> None:
    run_id = await bench.submit()
    await bench.store.runs.cancel(run_id)
    for after, sequences in ((0, [1, 2]), (1, [2]), (2, []), (9, [])):
        found = await bench.store.streams.read(run_id, after)
        assert [event.sequence for event in found] == sequences
