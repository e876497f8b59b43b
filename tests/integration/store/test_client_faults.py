"""RedisClient while the way to Redis is broken, and after."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.client import RedisClient, retry_while_unavailable
from openclaw_common.store.connections import create_pool
from openclaw_common.store.scripts import compile_script
from tests.integration.store.wire import free_port, own_server, proxied, url_of

LIMIT_S = 0.3


def connected(url: str, timeout_s: float = LIMIT_S) -> RedisClient:
    return RedisClient(create_pool(url, timeout_s=timeout_s, client_name="t"), timeout_s=timeout_s)


async def test_an_unreachable_server_is_unavailable_at_once() -> None:
    client = connected(f"redis://127.0.0.1:{free_port()}/0")
    async with asyncio.timeout(LIMIT_S):
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await client.execute("PING")
    await client.close()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The client's events with the reason that it gives."""
    kept = [it for it in caplog.records if it.name == "openclaw_common.store.client"]
    return [(it.getMessage(), it.__dict__.get("error", "")) for it in kept]


async def test_why_redis_is_not_reached_is_told_once_and_that_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with own_server(tmp_path) as server:
        client = connected(url_of(server))
        port = server.port
        server.terminate()
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await client.execute("PING")
        ((lost, why),) = told(caplog)
        assert lost == "redis_lost"
        assert f"127.0.0.1:{port}" in why
        server.start()
        assert await retry_while_unavailable(lambda: client.execute("PING"), budget_s=5) == b"PONG"
        assert [event for event, _ in told(caplog)] == ["redis_lost", "redis_back"]
        await client.close()


async def test_credentials_that_redis_refuses_are_told_without_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with own_server(tmp_path) as server:
        with redis.Redis.from_url(url_of(server)) as admin:
            admin.config_set("requirepass", "the-right-one")
        client = connected(url_of(server).replace("://", "://default:the-wrong-one@"))
        with pytest.raises(StoreUnavailable):
            await client.execute("PING")
        ((lost, why),) = told(caplog)
        assert lost == "redis_lost"
        assert "password" in why
        assert "the-wrong-one" not in why
        await client.close()


async def test_a_silent_connection_fails_every_waiting_caller_within_the_limit(
    valkey_url: str,
) -> None:
    loop = asyncio.get_running_loop()
    # Long beside what six thousand callers cost a busy machine.
    limit_s = 4 * LIMIT_S
    async with proxied(valkey_url) as proxy:
        client = connected(proxy.url, limit_s)
        await client.execute("PING")
        proxy.hold()
        begun = loop.time()
        callers = [asyncio.create_task(client.execute("PING")) for _ in range(6000)]
        done = await asyncio.gather(*callers, return_exceptions=True)
        took = loop.time() - begun
        assert all(isinstance(reply, StoreUnavailable) for reply in done)
        # One after another, the batches of so many callers would take twelve limits.
        assert took < 4 * limit_s
        proxy.lift()
        assert await client.execute("PING") == b"PONG"
        await client.close()


async def test_a_silent_connection_does_not_hold_up_a_blocking_read_for_long(
    valkey_url: str,
) -> None:
    async with proxied(valkey_url) as proxy:
        client = connected(proxy.url)
        blocking = client.blocking()
        assert await blocking.call("BLPOP", "list", "0.01", block_s=0.01) is None
        proxy.hold()
        async with asyncio.timeout(5):
            with pytest.raises(StoreUnavailable):
                await blocking.call("BLPOP", "list", "0.1", block_s=0.1)
        proxy.lift()
        assert await blocking.call("BLPOP", "list", "0.01", block_s=0.01) is None
        await blocking.close()
        await client.close()


async def test_a_connection_that_was_reset_while_idle_is_replaced_unseen(
    valkey_url: str,
) -> None:
    async with proxied(valkey_url) as proxy:
        client = connected(proxy.url, 2)
        blocking = client.blocking()
        for _ in range(3):
            assert await client.execute("PING") == b"PONG"
            assert await blocking.call("BLPOP", "list", "0.01", block_s=0.01) is None
            held = client._connection
            proxy.reset()
            async with asyncio.timeout(5):
                while held is not None and held._writer and not held._writer.is_closing():
                    await asyncio.sleep(0.005)
        await blocking.close()
        await client.close()


async def test_a_reset_in_the_middle_of_work_fails_some_callers_and_no_later_one(
    valkey_url: str,
) -> None:
    async with proxied(valkey_url) as proxy:
        client = connected(proxy.url, 2)
        for _ in range(5):
            callers = [asyncio.create_task(client.execute("ECHO", n)) for n in range(1000)]
            await asyncio.sleep(0.001)
            proxy.reset()
            done = await asyncio.gather(*callers, return_exceptions=True)
            for number, reply in enumerate(done):
                assert reply == str(number).encode() or isinstance(reply, StoreUnavailable)
            assert await client.execute("PING") == b"PONG"
        await client.close()


async def test_commands_and_scripts_work_again_after_a_restart(tmp_path: Path) -> None:
    script = compile_script("one", "return 1")
    with own_server(tmp_path) as server:
        url = url_of(server)
        client = connected(url)
        assert await client.call(script, (), ()) == 1
        await asyncio.to_thread(server.stop)
        with pytest.raises(StoreUnavailable):
            await client.call(script, (), ())
        await asyncio.to_thread(server.start)
        assert await client.call(script, (), ()) == 1
        await client.close()


async def test_what_is_retried_waits_for_redis_within_its_budget(tmp_path: Path) -> None:
    with own_server(tmp_path) as server:
        client = connected(url_of(server))
        await asyncio.to_thread(server.stop)
        with pytest.raises(StoreUnavailable):
            await retry_while_unavailable(lambda: client.execute("PING"), budget_s=0.1)
        waiting = asyncio.create_task(
            retry_while_unavailable(lambda: client.execute("PING"), budget_s=10)
        )
        await asyncio.to_thread(server.start)
        assert await waiting == b"PONG"
        await client.close()
