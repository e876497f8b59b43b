"""Reading what is there: run records, dead letters, durability."""

from __future__ import annotations

import redis.asyncio

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunResult, RunStatus, ToolCall, Usage
from openclaw_common.queue.job_queue import Idempotency
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.keys import RUN
from openclaw_common.store.store import Durability, Store
from tests.integration.store.support import LONG_LEASE, Bench, complete, deltas


async def test_a_run_nobody_knows_has_no_record(bench: Bench) -> None:
    assert await bench.store.runs.get(new_run_id()) is None


async def test_a_record_says_what_was_asked_and_where_it_stands(bench: Bench) -> None:
    await bench.submit("lane")
    key = Idempotency("scope", "my key", "fingerprint")
    run_id = await bench.submit("lane", idempotency=key, on_disconnect="cancel")
    record = await bench.record(run_id)
    assert (record.agent_id, record.source, record.model) == ("main", "chat", "openclaw")
    assert (record.queue_position, record.idempotency_key) == (1, "my key")
    assert (record.on_disconnect, record.last_sequence) == ("cancel", 1)
    assert record.expires_ms == record.created_ms + 600_000
    assert (record.started_ms, record.ended_ms, record.result) == (None, None, None)


async def test_a_record_follows_its_run_to_the_end(bench: Bench) -> None:
    run_id = await bench.submit()
    lease = await bench.claim_one()
    await lease.publish(deltas("a"))
    started = await bench.record(run_id)
    assert (started.status, started.attempt) == (RunStatus.IN_PROGRESS, 1)
    assert (started.last_sequence, started.queue_position) == (3, None)
    await complete(lease, "text")
    ended = await bench.record(run_id)
    assert (ended.status, ended.result) == (RunStatus.COMPLETED, RunResult("text"))
    assert ended.created_ms <= (ended.started_ms or 0) <= (ended.ended_ms or 0)


async def test_a_record_outlives_its_stream_with_the_last_sequence(bench: Bench) -> None:
    run_id = await bench.submit()
    await complete(await bench.claim_one())
    await bench.redis.delete(bench.store.keys.events(RUN, run_id))
    assert (await bench.record(run_id)).last_sequence == 3


async def test_results_come_back_as_they_were(bench: Bench) -> None:
    run_id = await bench.submit()
    result = RunResult(
        "ünïcödé \x00 \u2028",
        "tool_calls",
        (ToolCall("call_1", "f", '{"x":1}'),),
        Usage(1, 2, 3, 4, 5),
    )
    lease = await bench.claim_one()
    await lease.finish(RunStatus.COMPLETED, events=[("run.completed", b"{}")], result=result)
    assert (await bench.record(run_id)).result == result


async def test_dead_letters_are_listed_newest_first_and_forgotten_in_time(bench: Bench) -> None:
    ids = []
    for number in range(3):
        ids.append(await bench.submit(f"lane-{number}"))
        await bench.claim_one()
        await bench.redis.hset(bench.store.keys.record(RUN, ids[-1]), "crashes", 9)
        await bench.lapse(ids[-1])
        await bench.claim()
        score = await bench.redis.zscore(bench.store.keys.dead(RUN), ids[-1])
        await bench.redis.zadd(bench.store.keys.dead(RUN), {ids[-1]: score + number}, xx=True)
    assert [dead for dead, _ in await bench.store.dead_letters.newest(2)] == ids[:0:-1]
    assert await bench.redis.pttl(bench.store.keys.dead(RUN)) > 0
    error = (await bench.record(ids[0])).error
    assert error is not None
    assert (error.status, error.code) == (500, "attempts_exhausted")
    assert isinstance(error, ErrorBody)


async def test_what_the_server_promises_is_read_from_it(
    store: Store, valkey: redis.asyncio.Redis
) -> None:
    assert await store.durability() == Durability("off", True)
    await valkey.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert (await store.durability()).noeviction is False
    finally:
        await valkey.config_set("maxmemory-policy", "noeviction")


async def test_a_server_that_keeps_its_settings_to_itself_promises_nothing_known(
    valkey_url: str, valkey: redis.asyncio.Redis
) -> None:
    await valkey.execute_command(
        "ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-config"
    )
    url = valkey_url.replace("redis://", "redis://limited:secret@")
    store = await Store.connect(Redis(url=url), LONG_LEASE, role="test")
    try:
        assert await store.durability() == Durability("unknown", None)
    finally:
        await store.close()
        await valkey.execute_command("ACL", "DELUSER", "limited")
