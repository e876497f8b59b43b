"""Promise 1 on a real server: what was accepted outlives kill -9 of Valkey itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.store.client import retry_while_unavailable
from openclaw_common.store.store import Store
from tests.containers.servers import Server
from tests.integration.store.support import request


@pytest.fixture
async def store(valkey_of_its_own: Server) -> AsyncIterator[Store]:
    url = f"redis://127.0.0.1:{valkey_of_its_own.port}/0"
    opened = await Store.connect(Redis(url=url), Runs(), role="test")
    yield opened
    await opened.close()


async def submit(store: Store) -> str:
    run_id = new_run_id()
    await retry_while_unavailable(
        lambda: RunQueue(store).submit(run_id, request(run_id)), budget_s=10
    )
    return run_id


async def test_the_server_promises_what_the_deployment_asks_for(store: Store) -> None:
    async with asyncio.timeout(5):
        assert (await store.durability()).strict


async def test_runs_accepted_before_a_kill_of_the_server_are_there_after_it(
    store: Store, valkey_of_its_own: Server
) -> None:
    accepted = [await submit(store) for _ in range(50)]
    await asyncio.to_thread(valkey_of_its_own.kill)
    await asyncio.to_thread(valkey_of_its_own.start)
    records = await retry_while_unavailable(lambda: store.runs.get_all(accepted), budget_s=10)
    assert [record and record.status for record in records] == [RunStatus.QUEUED] * 50


async def test_the_same_store_goes_on_when_the_server_is_back(
    store: Store, valkey_of_its_own: Server
) -> None:
    """Its connections are made anew, and scripts that the server forgot are sent again."""
    await submit(store)
    await asyncio.to_thread(valkey_of_its_own.kill)
    waiting = asyncio.create_task(submit(store))
    await asyncio.to_thread(valkey_of_its_own.start)
    async with asyncio.timeout(15):
        run_id = await waiting
        record = await store.runs.get(run_id)
    assert record is not None
    assert record.status is RunStatus.QUEUED
