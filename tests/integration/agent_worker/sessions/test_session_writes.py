"""What a run writes of its session: atomic, fenced, and never over another epoch."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.keys import RUN
from openclaw_common.store.leases import Lease, LeaseLost
from openclaw_common.store.sessions import Session, SessionWrite
from openclaw_common.store.store import Store

END = [(RUN_COMPLETED, b"{}")]


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    store = await Store.connect(
        Redis(url=SecretStr(valkey_url)), Runs(lease_ms=60_000), role="test"
    )
    yield store
    await store.close()


async def claimed(store: Store, session: str = "s") -> Lease:
    """Admit a run and return its lease."""
    request = RunRequest("main", session, "chat", "openclaw", Turn("user", "hi"))
    await RunQueue(store).submit(new_run_id(), request)
    return await claim(store)


async def claim(store: Store) -> Lease:
    (job,) = (await store.leases.claim("w1", 1, idle=True)).jobs
    return Lease.of(store.leases, "w1", job)


async def finish(lease: Lease, write: SessionWrite) -> None:
    await lease.finish(
        RunStatus.COMPLETED,
        events=END,
        result=RunResult("done"),
        session_key="s",
        agent_id="main",
        session=write,
    )


async def test_a_run_replaces_old_messages_and_appends_in_one_step(store: Store) -> None:
    await finish(await claimed(store), SessionWrite(tail=(b"1", b"2", b"3", b"4")))
    session, transcript = await store.sessions.read("s")
    assert (session.revision, session.messages, session.epoch) == (1, 4, 1)
    assert transcript == [b"1", b"2", b"3", b"4"]
    await finish(
        await claimed(store),
        SessionWrite(revision=1, drop=3, head=(b"a", b"b"), tail=(b"5",), by_user=True),
    )
    session, transcript = await store.sessions.read("s")
    assert transcript == [b"a", b"b", b"4", b"5"]
    assert (session.revision, session.messages, session.agent_id) == (2, 4, "main")
    assert session.user_ms == session.updated_ms >= session.started_ms == session.created_ms > 0


async def test_a_new_epoch_forgets_the_transcript_and_its_model(store: Store) -> None:
    await finish(await claimed(store), SessionWrite(tail=(b"1",)))
    lease = await claimed(store)
    assert await lease.write_session(
        "s", "main", SessionWrite(revision=1, new_epoch=True, model="fake/m")
    )
    session, transcript = await store.sessions.read("s")
    assert (session.epoch, session.revision, session.model, transcript) == (2, 2, "fake/m", [])
    assert await lease.write_session("s", "main", SessionWrite(revision=2, new_epoch=True))
    assert (await store.sessions.read("s"))[0].model is None


async def test_a_write_that_is_sent_twice_is_made_once(store: Store) -> None:
    lease = await claimed(store)
    for _ in range(2):
        lease._session_writes = 0
        assert await lease.write_session("s", "main", SessionWrite(revision=0, tail=(b"1",)))
    session, transcript = await store.sessions.read("s")
    assert (session.revision, transcript) == (1, [b"1"])


async def test_a_stale_attempt_changes_nothing_of_the_session(store: Store) -> None:
    stale = await claimed(store)
    queue, job = store.keys.queue(RUN), stale.job_id
    await store.client.execute("ZADD", queue, "XX", 1, job)
    lease = await claim(store)
    assert await lease.write_session("s", "main", SessionWrite(revision=0, new_epoch=True))
    with pytest.raises(LeaseLost):
        await stale.write_session("s", "main", SessionWrite(tail=(b"old",)))
    stale.lost = False
    with pytest.raises(LeaseLost):
        await finish(stale, SessionWrite(tail=(b"old",)))
    assert (await store.sessions.read("s"))[1] == []


async def test_a_run_that_read_another_epoch_ends_without_a_word_in_the_new_one(
    store: Store,
) -> None:
    lease = await claimed(store)
    await store.client.execute("HSET", store.keys.session("s"), "epoch", 2, "revision", 1)
    assert not await lease.write_session("s", "main", SessionWrite(revision=0, tail=(b"old",)))
    await finish(lease, SessionWrite(revision=0, tail=(b"old",)))
    record = await store.runs.get(lease.id)
    assert record is not None
    assert record.status is RunStatus.COMPLETED
    assert (await store.sessions.read("s"))[1] == []


async def test_a_session_that_was_never_written_reads_as_a_new_one(store: Store) -> None:
    assert await store.sessions.read("s") == (Session(), [])
    assert await store.sessions.get("s") is None


async def test_a_session_of_before_epochs_is_in_its_first_since_it_was_created(
    store: Store,
) -> None:
    await store.client.execute("HSET", store.keys.session("s"), "created_ms", 5, "messages", 2)
    session = await store.sessions.get("s")
    assert session is not None
    assert (session.epoch, session.revision, session.started_ms) == (1, 0, 5)
    await finish(await claimed(store), SessionWrite(revision=0, tail=(b"1",)))
    session = await store.sessions.get("s")
    assert session is not None
    assert (session.epoch, session.revision, session.started_ms) == (1, 1, 5)
