"""A Valkey of its own for each test, and one stack for all tests that need it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.containers import engine, servers
from tests.containers.stack import Stack


def pytest_report_header() -> str:
    """Say which of the two these tests use."""
    kind = servers.ContainerServer.kind if engine.available() else servers.EmbeddedServer.kind
    return f"containers: Valkey is a {kind}"


@pytest.fixture
def valkey_of_its_own(tmp_path: Path) -> Iterator[servers.Server]:
    """A started Valkey that a test may kill."""
    server = servers.server(tmp_path)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The stack, with the images that `make containers` has built."""
    folder = Path(tempfile.mkdtemp(prefix="openclaw-containers-"))
    with Stack(folder) as started:
        yield started


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with as many connections as a test opens streams."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as opened:
        yield opened
