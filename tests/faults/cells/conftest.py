"""The fleet of this folder spreads its lanes over two cells."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.conftest import HOOKS, RUNS
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two ingress and three supervised worker processes on two Valkeys."""
    folder = tmp_path_factory.mktemp("cells")
    async with Fleet(
        folder, ingresses=2, workers=3, runs=RUNS, config={"hooks": HOOKS}, cells=2
    ) as fleet:
        yield fleet


@pytest.fixture
def client(fleet: Fleet) -> ResumingClient:
    """A client that resumes on the other replica."""
    return ResumingClient(fleet.session, fleet.headers)
