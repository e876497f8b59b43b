"""RunStreamReader: every run of a replica through a few shared reads."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import redis.asyncio

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.keys import RUN
from openclaw_common.store.leases import Lease
from openclaw_common.store.run_reader import (
    RUNS_PER_READ,
    Follower,
    ReaderOverflow,
    RunStreamReader,
)
from openclaw_common.store.store import Store
from tests.integration.store.support import LONG_LEASE, Bench, complete, deltas, request
from tests.integration.store.wire import own_server, url_of


@pytest.fixture
async def reader(store: Store) -> AsyncIterator[RunStreamReader]:
    reader = RunStreamReader(store, block_ms=500)
    await reader.start()
    yield reader
    await reader.stop()


async def rest(follower: Follower) -> list[int]:
    """Every sequence the follower sees until the end."""
    async with asyncio.timeout(10):
        return [event.sequence async for batch in follower for event in batch]


async def sequences(reader: RunStreamReader, run_id: str, after: int = 0) -> list[int]:
    async with reader.follow(run_id, after) as follower:
        return await rest(follower)


async def ended_run(bench: Bench) -> str:
    """A run of two attempts with events 1 to 8: 2 to 4 in attempt 1, 5 to 8 in attempt 2."""
    run_id = await bench.submit()
    first = await bench.claim_one()
    await first.publish(deltas("a", "b"))
    await first.release()
    second = await bench.claim_one()
    await second.publish(deltas("a", "b"))
    await complete(second)
    return run_id


@pytest.mark.parametrize("after", range(8))
async def test_an_ended_run_is_followed_from_any_sequence_to_its_end(
    bench: Bench, reader: RunStreamReader, after: int
) -> None:
    run_id = await ended_run(bench)
    assert await sequences(reader, run_id, after) == list(range(after + 1, 9))
    assert reader.following == 0


async def test_a_run_is_followed_from_before_it_is_accepted(
    bench: Bench, reader: RunStreamReader
) -> None:
    run_id = new_run_id()
    async with reader.follow(run_id, wake=False) as follower:
        await RunQueue(bench.store).submit(run_id, request(), reader=reader)
        async with asyncio.timeout(0.4):
            first = await anext(follower)
        assert [event.type for event in first] == ["run.queued"]
        await complete(await bench.claim_one())
        assert await rest(follower) == [2, 3]


@pytest.mark.parametrize("after", [0, 1])
async def test_a_run_that_is_cancelled_while_it_waits_ends_for_its_reader(
    bench: Bench, reader: RunStreamReader, after: int
) -> None:
    run_id = await bench.submit()
    async with reader.follow(run_id, after) as follower:
        await bench.store.runs.cancel(run_id)
        assert await rest(follower) == [1, 2][after:]


async def test_a_run_that_no_worker_takes_expires_for_its_reader(
    bench: Bench, reader: RunStreamReader
) -> None:
    run_id = await bench.submit()
    async with reader.follow(run_id, 1) as follower:
        await bench.pass_deadline(run_id, "expires_ms")
        assert await rest(follower) == [2]


async def publish_and_end(lease: Lease, count: int) -> None:
    for number in range(count):
        await lease.publish(deltas(f"{number}"))
    await complete(lease)


async def test_followers_that_join_and_leave_anywhere_see_the_same_events(
    bench: Bench, reader: RunStreamReader
) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    choice = random.Random(7)
    publishing = asyncio.create_task(publish_and_end(lease, 150))

    async def follow_in_pieces() -> None:
        after = 0
        while after < 153:
            pause = choice.choice([0, 0, 0.001, 0.01])
            async with asyncio.timeout(10), reader.follow(run_id, after) as follower:
                async for batch in follower:
                    assert [event.sequence for event in batch] == list(
                        range(after + 1, after + 1 + len(batch))
                    )
                    after = batch[-1].sequence
                    await asyncio.sleep(pause)
                    if choice.random() < 0.2:
                        break
            if choice.random() < 0.3:
                after = choice.randrange(after) if after < 153 else after

    await asyncio.gather(publishing, *(follow_in_pieces() for _ in range(8)))
    assert reader.following == 0


async def test_a_follower_joins_behind_one_that_was_cut(bench: Bench, store: Store) -> None:
    reader = RunStreamReader(store, buffer_bytes=100)
    await reader.start()
    run_id = await bench.submit()
    lease = await bench.claim_one()
    async with reader.follow(run_id, 2) as slow, reader.follow(run_id, 2) as quick:
        await lease.publish(deltas("x" * 60))
        assert [event.sequence for event in await anext(quick)] == [3]
        await lease.publish(deltas("x" * 60))
        assert [event.sequence for event in await anext(quick)] == [4]
        with pytest.raises(ReaderOverflow):
            await anext(slow)
        # The one that was cut stands at 2 and is still there.
        async with reader.follow(run_id, 3) as joined:
            async with asyncio.timeout(5):
                assert [event.sequence for event in await anext(joined)] == [4]
    await reader.stop()


async def test_one_event_larger_than_the_buffer_still_arrives(bench: Bench, store: Store) -> None:
    reader = RunStreamReader(store, buffer_bytes=10)
    await reader.start()
    run_id = await bench.submit()
    lease = await bench.claim_one()
    async with reader.follow(run_id, 2) as follower:
        await lease.publish(deltas("x" * 1000))
        assert [event.sequence for event in await anext(follower)] == [3]
    await reader.stop()


async def test_many_runs_share_few_connections(
    bench: Bench, reader: RunStreamReader, valkey: redis.asyncio.Redis
) -> None:
    count = 2 * RUNS_PER_READ + 10
    before = len(await valkey.client_list())
    ids = [await bench.submit(f"lane-{number}") for number in range(count)]
    async with AsyncExitStack() as stack:
        followers = [await stack.enter_async_context(reader.follow(one)) for one in ids]
        assert reader.following == count
        for run_id in reversed(ids):
            await bench.store.runs.cancel(run_id)
        assert await asyncio.gather(*map(rest, followers)) == [[1, 2]] * count
        assert len(await valkey.client_list()) <= before + 3
    assert reader.following == 0


async def test_a_stopped_reader_tells_its_followers_and_leaves_nothing(
    bench: Bench, store: Store
) -> None:
    reader = RunStreamReader(store)
    await reader.start()
    run_id = await bench.submit()
    async with reader.follow(run_id, 1) as follower:
        await reader.stop()
        with pytest.raises(StoreUnavailable):
            await anext(follower)
    assert not [key async for key in bench.redis.scan_iter("*reader*")]


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Threads take turns far more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("busy_threads")
async def test_the_backlog_can_be_read_on_another_thread(reader: RunStreamReader) -> None:
    def read() -> int:
        return sum(reader.backlog().buffered_bytes for _ in range(5000))

    reading = asyncio.ensure_future(asyncio.to_thread(read))
    while not reading.done():
        async with AsyncExitStack() as stack:
            for _ in range(RUNS_PER_READ):
                await stack.enter_async_context(reader.follow(new_run_id(), wake=False))
            await asyncio.sleep(0)
    assert await reading == 0


async def test_control_streams_have_a_life_time(bench: Bench, reader: RunStreamReader) -> None:
    async with reader.follow(await bench.submit()) as follower:
        await anext(follower)
        (control,) = [key async for key in bench.redis.scan_iter("*reader*")]
        assert await bench.redis.pttl(control) > 0


async def test_a_stream_that_cannot_be_read_fails_its_followers_and_no_later_ones(
    bench: Bench, reader: RunStreamReader, caplog: pytest.LogCaptureFixture
) -> None:
    broken = new_run_id()
    await bench.redis.set(bench.store.keys.events(RUN, broken), "no stream")
    async with reader.follow(broken) as follower:
        with pytest.raises(StoreUnavailable):
            await rest(follower)
    run_id = await bench.submit()
    await bench.store.runs.cancel(run_id)
    assert await sequences(reader, run_id) == [1, 2]
    assert "run_reader_failed" in caplog.text


async def test_a_stream_that_lost_events_is_not_continued(
    bench: Bench, reader: RunStreamReader
) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    async with reader.follow(run_id, 2) as follower:
        await lease.publish(deltas("a"))
        assert [event.sequence for event in await anext(follower)] == [3]
        await bench.redis.xadd(bench.store.keys.events(RUN, run_id), {"message.delta": "{}"}, "1-5")
        with pytest.raises(StoreUnavailable):
            await rest(follower)


async def test_followers_survive_a_restart_of_redis(tmp_path: Path) -> None:
    with own_server(tmp_path, appendonly="yes") as server:
        store = await Store.connect(Redis(url=url_of(server)), LONG_LEASE, role="test")
        reader = RunStreamReader(store, block_ms=200)
        await reader.start()
        async with redis.asyncio.Redis.from_url(url_of(server)) as plain:
            bench = Bench(store, plain)
            run_id = await bench.submit()
            lease = await bench.claim_one()
            async with reader.follow(run_id) as follower:
                await lease.publish(deltas("before"))
                async with asyncio.timeout(10):
                    seen = [event.sequence for event in await anext(follower)]
                await asyncio.to_thread(server.stop)
                publishing = asyncio.create_task(lease.publish(deltas("during")))
                await asyncio.to_thread(server.start)
                await publishing
                await complete(lease)
                assert seen + await rest(follower) == [1, 2, 3, 4, 5]
        await reader.stop()
        await store.close()
