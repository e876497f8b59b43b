"""RedisClient: one pipelined connection, every caller his own reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio
from redis.exceptions import ResponseError

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.client import MAX_BATCH, Function, RedisClient
from openclaw_common.store.connections import create_pool
from openclaw_common.store.scripts import compile_script
from tests.integration.store.wire import kill_connections


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(create_pool(valkey_url, timeout_s=2, client_name="test"), timeout_s=2)
    yield client
    await client.close()


async def test_commands_of_one_moment_share_a_round_trip_and_keep_their_order(
    client: RedisClient,
) -> None:
    count = 3 * MAX_BATCH + 7
    replies = await asyncio.gather(*(client.execute("RPUSH", "list", n) for n in range(count)))
    assert replies == list(range(1, count + 1))
    stored = await client.execute("LRANGE", "list", 0, -1)
    assert stored == [str(number).encode() for number in range(count)]


async def test_an_error_reply_goes_to_the_caller_who_caused_it(client: RedisClient) -> None:
    await client.execute("SET", "text", "x")
    replies = await asyncio.gather(
        client.execute("GET", "text"),
        client.execute("LPUSH", "text", "y"),
        client.execute("NOSUCHCOMMAND"),
        client.execute("GET", "text"),
        return_exceptions=True,
    )
    assert (replies[0], replies[3]) == (b"x", b"x")
    assert isinstance(replies[1], ResponseError)
    assert "WRONGTYPE" in str(replies[1])
    assert isinstance(replies[2], ResponseError)


async def test_callers_who_are_cancelled_disturb_nobody(client: RedisClient) -> None:
    await client.execute("SET", "n", 0)
    callers = [asyncio.create_task(client.execute("INCR", "n")) for _ in range(100)]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    done = await asyncio.gather(*callers, return_exceptions=True)
    assert [reply for reply in done if isinstance(reply, int)] == list(range(2, 101, 2))
    assert await client.execute("GET", "n") == b"100"


async def test_a_script_is_loaded_again_where_it_is_not_known(client: RedisClient) -> None:
    script = compile_script("double", "return 2 * tonumber(ARGV[1])")
    for _ in range(2):
        replies = await asyncio.gather(*(client.call(script, (), (n,)) for n in range(5)))
        assert replies == [0, 2, 4, 6, 8]
        await client.execute("SCRIPT", "FLUSH")


async def test_a_library_is_loaded_again_where_it_is_not_known(client: RedisClient) -> None:
    library = """#!lua name=doubling
redis.register_function('double', function(keys, args) return 2 * tonumber(args[1]) end)
"""
    function = Function("double", library)
    for _ in range(2):
        replies = await asyncio.gather(*(client.call(function, (), (n,)) for n in range(5)))
        assert replies == [0, 2, 4, 6, 8]
        await client.execute("FUNCTION", "FLUSH")


async def test_a_library_that_the_server_refuses_is_an_error(client: RedisClient) -> None:
    with pytest.raises(ResponseError, match="compiling"):
        await client.call(Function("half", "#!lua name=broken\nlocal 1"), (), ())


async def test_a_connection_that_the_server_closed_is_replaced_unseen(
    client: RedisClient, valkey_url: str
) -> None:
    for _ in range(3):
        assert await client.execute("PING") == b"PONG"
        kill_connections(valkey_url)
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while (await asyncio.gather(client.execute("PING"), return_exceptions=True))[
                0
            ] != b"PONG":
                pass


async def test_a_large_command_goes_out_beside_small_ones(client: RedisClient) -> None:
    large = b"x" * 20 * 1024 * 1024
    replies = await asyncio.gather(
        client.execute("ECHO", large), *(client.execute("ECHO", b"%d" % n) for n in range(50))
    )
    assert replies[0] == large
    assert replies[1:] == [b"%d" % number for number in range(50)]


async def test_a_full_server_is_unavailable_until_there_is_room(
    client: RedisClient, valkey: redis.asyncio.Redis
) -> None:
    await valkey.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable):
            await client.execute("SET", "a", 1)
        script = compile_script("write", "return redis.call('SET', 'a', 1)")
        with pytest.raises(StoreUnavailable):
            await client.call(script, ("a",), ())
    finally:
        await valkey.config_set("maxmemory", 0)
    assert await client.execute("SET", "a", 1) == b"OK"


async def test_a_read_only_server_is_unavailable_until_it_is_master_again(
    client: RedisClient, valkey: redis.asyncio.Redis
) -> None:
    await client.execute("PING")
    await valkey.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(StoreUnavailable):
            await client.execute("SET", "a", 1)
    finally:
        await valkey.execute_command("REPLICAOF", "NO", "ONE")
    assert await client.execute("SET", "a", 1) == b"OK"


async def test_a_blocking_read_that_a_fail_over_cuts_is_unavailable(
    client: RedisClient, valkey: redis.asyncio.Redis
) -> None:
    blocking = client.blocking()
    waiting = asyncio.create_task(blocking.call("BLPOP", "list", "30", block_s=30))
    async with asyncio.timeout(5):
        while (await valkey.info("clients"))["blocked_clients"] == 0:
            await asyncio.sleep(0.01)
    await valkey.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        async with asyncio.timeout(5):
            with pytest.raises(StoreUnavailable):
                await waiting
    finally:
        await valkey.execute_command("REPLICAOF", "NO", "ONE")
    assert await blocking.call("BLPOP", "list", "0.01", block_s=1) is None
    await blocking.close()


async def test_a_closed_client_answers_nobody(client: RedisClient) -> None:
    waiting = [asyncio.create_task(client.execute("PING")) for _ in range(5)]
    await asyncio.sleep(0)
    await client.close()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(reply, StoreUnavailable) or reply == b"PONG" for reply in done)
    with pytest.raises(StoreUnavailable):
        await client.execute("PING")
