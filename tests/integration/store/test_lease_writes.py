"""What an attempt writes under its lease: publish, checkpoint, finish."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_common.contracts.errors import ErrorBody, StoreUnavailable
from openclaw_common.contracts.run import RunResult, RunStatus
from openclaw_common.contracts.run_event import RUN_COMPLETED, RUN_FAILED
from openclaw_common.store.keys import RUN
from openclaw_common.store.leases import Lease, LeaseLost
from tests.integration.store.support import Bench, complete, deltas

END = [(RUN_COMPLETED, b"{}")]


async def stale_and_current(bench: Bench) -> tuple[Lease, Lease]:
    """Two leases of one run; the first has run out."""
    run_id = await bench.submit()
    stale = await bench.claim_one("stale")
    return stale, await bench.crash(run_id, "current")


async def test_every_write_of_a_stale_attempt_is_refused(bench: Bench) -> None:
    stale, current = await stale_and_current(bench)
    for write in (
        stale.publish(deltas("x")),
        stale.checkpoint("step", b"1"),
        stale.finish(RunStatus.COMPLETED, events=END, result=RunResult("stale")),
        stale.release(),
    ):
        stale.lost = False
        with pytest.raises(LeaseLost):
            await write
    await complete(current, "current")
    record = await bench.record(current.id)
    assert record.result == RunResult("current")
    assert await current.checkpoints() == {}


async def test_a_publish_that_is_sent_again_after_an_unclear_failure_does_not_double(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    append, failures = Lease._append, [StoreUnavailable(), StoreUnavailable()]

    async def answer_lost(self: Lease, first: int, events: list[tuple[str, bytes]]) -> None:
        await append(self, first, events)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(Lease, "_append", answer_lost)
    await lease.publish(deltas("a", "b"))
    await lease.publish(deltas("c"))
    events = await bench.store.streams.read(lease.id)
    assert [event.json() for event in events[2:]] == [{"delta": text} for text in "abc"]
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]


async def test_publish_never_brings_back_a_stream_that_is_gone(bench: Bench) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    await bench.redis.delete(bench.store.keys.events(RUN, lease.id))
    with pytest.raises(LeaseLost):
        await lease.publish(deltas("x"))
    assert not await bench.redis.exists(bench.store.keys.events(RUN, lease.id))


async def test_events_after_a_cancelled_publish_leave_no_gap(bench: Bench) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    publishing = asyncio.create_task(lease.publish(deltas("a", "b")))
    await asyncio.sleep(0)
    publishing.cancel()
    await asyncio.wait([publishing])
    await lease.publish(deltas("c"))
    await complete(lease)
    events = await bench.events(lease.id)
    assert [sequence for _, sequence, _ in events] == list(range(1, len(events) + 1))


async def test_publishes_of_one_lease_go_one_after_another(bench: Bench) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    await asyncio.gather(*(lease.publish(deltas(f"{number}", "!")) for number in range(20)))
    events = await bench.events(lease.id)
    assert [sequence for _, sequence, _ in events] == list(range(1, 43))


async def test_a_checkpoint_is_there_for_the_next_attempt_and_gone_at_the_end(
    bench: Bench,
) -> None:
    run_id = await bench.submit()
    await (await bench.claim_one()).checkpoint("tool-1", b"result")
    again = await bench.crash(run_id)
    assert await again.checkpoints() == {"tool-1": b"result"}
    await complete(again)
    assert await again.checkpoints() == {}


async def test_finish_sent_twice_by_its_attempt_is_done_once(bench: Bench) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    for _ in range(2):
        lease.settled = False
        await complete(lease, session_key="s", agent_id="main", transcript=[b"{}"])
    assert [kind for _, _, kind in await bench.events(lease.id)].count(RUN_COMPLETED) == 1
    assert await bench.store.sessions.transcript("s") == [b"{}"]


async def test_nothing_can_be_written_once_the_lease_is_settled(bench: Bench) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    await complete(lease)
    with pytest.raises(LeaseLost):
        await lease.publish(deltas("late"))
    lease.settled = False
    with pytest.raises(LeaseLost):
        await lease.publish(deltas("late", "later"))
    assert (await bench.events(lease.id))[-1] == (1, 3, RUN_COMPLETED)


async def test_a_run_that_was_ended_over_its_attempt_stays_ended(bench: Bench) -> None:
    run_id = await bench.submit()
    zombie = await bench.claim_one()
    await bench.store.leases.release_worker("w1")
    await bench.store.runs.cancel(run_id)
    ended = await bench.events(run_id)
    with pytest.raises(LeaseLost):
        await zombie.publish(deltas("a", "b", "c"))
    zombie.lost = False
    with pytest.raises(LeaseLost):
        await complete(zombie)
    assert await bench.events(run_id) == ended
    assert await bench.status(run_id) is RunStatus.CANCELLED


async def test_finish_keeps_result_error_and_the_end_of_the_transcript(bench: Bench) -> None:
    for number in range(3):
        await bench.submit("s")
        await complete(
            await bench.claim_one(),
            f"reply {number}",
            session_key="s",
            agent_id="main",
            transcript=[b'"question"', b'"answer %d"' % number],
        )
    assert len(await bench.store.sessions.transcript("s")) == 6
    session = await bench.redis.hgetall(bench.store.keys.session("s"))
    assert (session[b"agent_id"], session[b"messages"]) == (b"main", b"6")
    failed = await bench.submit("t")
    error = ErrorBody(502, "api_error", "no answer")
    lease = await bench.claim_one()
    await lease.finish(RunStatus.FAILED, events=[(RUN_FAILED, b"{}")], error=error)
    assert (await bench.record(failed)).error == error


async def test_a_transcript_keeps_its_newest_messages(bench: Bench) -> None:
    object.__setattr__(bench.store.leases.session_limits, "max_messages", 3)
    await bench.submit()
    lease = await bench.claim_one()
    await complete(lease, session_key="s", transcript=[b"%d" % number for number in range(10)])
    assert await bench.store.sessions.transcript("s") == [b"7", b"8", b"9"]


async def test_sessions_share_no_keys_whatever_their_names(bench: Bench) -> None:
    for session in ("x", "x:transcript", "transcript:x"):
        await bench.submit(session)
        await complete(await bench.claim_one(), session_key=session, transcript=[b"{}"])
        assert await bench.store.sessions.transcript(session) == [b"{}"]


async def test_after_the_end_only_wake_tokens_have_no_life_time(bench: Bench) -> None:
    for session in ("a", "b"):
        await bench.submit(session)
    leases = await bench.claim()
    await leases[0].checkpoint("step", b"1")
    await complete(leases[0], session_key="a", transcript=[b"{}"])
    await bench.store.runs.cancel(leases[1].id)
    await leases[1].finish(RunStatus.CANCELLED, events=[("run.cancelled", b"{}")])
    assert await bench.endless() <= {"wake"}
    stream_ms = await bench.redis.pttl(bench.store.keys.events(RUN, leases[0].id))
    record_ms = await bench.redis.pttl(bench.store.keys.record(RUN, leases[0].id))
    assert 0 < stream_ms <= 3_600_000 < record_ms <= 86_400_000


@pytest.mark.parametrize(
    ("status", "events"),
    [(RunStatus.QUEUED, END), (RunStatus.FAILED, END), (RunStatus.COMPLETED, [])],
)
async def test_a_run_cannot_end_without_the_terminal_event_of_its_status(
    bench: Bench, status: RunStatus, events: list[tuple[str, bytes]]
) -> None:
    await bench.submit()
    lease = await bench.claim_one()
    with pytest.raises(ValueError, match="terminal event"):
        await lease.finish(status, events=events)
    with pytest.raises(ValueError, match="session key"):
        await lease.finish(RunStatus.COMPLETED, events=END, transcript=[b"{}"])
