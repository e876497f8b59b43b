"""One fleet for the whole ring; its processes are killed, stopped and restarted by the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.harness.fleet import HOOK_TOKEN, Fleet
from tests.harness.stream_client import ResumingClient

LEASE_MS = 2000
RUNS = {"leaseMs": LEASE_MS, "renewMs": 500, "disconnectGraceSeconds": 5}

HOOKS = {"enabled": True, "token": HOOK_TOKEN}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two ingress and three supervised worker processes on one Valkey."""
    folder = tmp_path_factory.mktemp("fleet")
    async with Fleet(folder, ingresses=2, workers=3, runs=RUNS, config={"hooks": HOOKS}) as fleet:
        yield fleet


@pytest.fixture
def client(fleet: Fleet) -> ResumingClient:
    """A client that resumes on the other replica."""
    return ResumingClient(fleet.session, fleet.headers)
