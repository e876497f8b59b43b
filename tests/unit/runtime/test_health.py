"""The side port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from openclaw_common.runtime.config.health import Health
from openclaw_common.runtime.health import SidePortTaken
from openclaw_common.runtime.metrics.instruments import LEASES_LOST
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.observation import Observation
from tests.harness.processes import free_port


class Process:
    """An observed process of which the test says what fails."""

    def __init__(self, port: int) -> None:
        self.metrics = Metrics()
        self.failing: list[str] = []
        self.observation = Observation(
            Health(host="127.0.0.1", port=port),
            {},
            self.metrics,
            service="test",
            failing=lambda: self.failing,
        )


@pytest_asyncio.fixture
async def process() -> AsyncIterator[Process]:
    made = Process(free_port())
    await made.observation.start()
    yield made
    await made.observation.stop()


async def ask(process: Process, path: str) -> tuple[int, str]:
    port = process.observation.port
    async with (
        asyncio.timeout(5),
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}{path}") as response,
    ):
        return response.status, await response.text()


async def test_it_lives_from_the_start_and_is_ready_once_it_has_come_up(process: Process) -> None:
    assert (await ask(process, "/livez"))[0] == 200
    assert (await ask(process, "/startupz"))[0] == 503
    assert await ask(process, "/readyz") == (503, '{"ready":false,"failing":["starting"]}')
    process.observation.started()
    assert (await ask(process, "/startupz"))[0] == 200
    assert await ask(process, "/readyz") == (200, '{"ready":true,"failing":[]}')


async def test_it_is_not_ready_while_something_fails_and_lives_all_the_same(
    process: Process,
) -> None:
    process.observation.started()
    process.failing = ["redis"]
    assert await ask(process, "/readyz") == (503, '{"ready":false,"failing":["redis"]}')
    assert (await ask(process, "/livez"))[0] == 200


async def test_what_is_asked_for_once_counts_until_it_has_been_ready(process: Process) -> None:
    process.observation.started()
    process.failing = ["redis"]
    assert (await ask(process, "/readyz?once=redis"))[0] == 503
    process.failing = []
    assert (await ask(process, "/readyz?once=redis"))[0] == 200
    process.failing = ["redis"]
    assert await ask(process, "/readyz?once=redis") == (200, '{"ready":true,"failing":[]}')
    assert (await ask(process, "/readyz"))[0] == 503
    process.failing = ["gateway-draining", "redis"]
    status, text = await ask(process, "/readyz?once=redis")
    assert (status, text) == (503, '{"ready":false,"failing":["gateway-draining"]}')


async def test_it_shows_what_was_measured_and_the_process_itself(process: Process) -> None:
    process.metrics.counter(LEASES_LOST).add(1, "runs")
    status, text = await ask(process, "/metrics")
    assert status == 200
    assert 'openclaw_queue_leases_lost_total{queue="runs"} 1.0' in text
    assert "process_cpu_time_seconds_total" in text


async def test_a_taken_port_is_an_error_that_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = Process(taken.getsockname()[1])
        with pytest.raises(SidePortTaken, match="set OPENCLAW_HEALTH_PORT"):
            await process.observation.start()
        await process.observation.stop()


async def test_port_0_is_no_side_port() -> None:
    process = Process(0)
    await process.observation.start()
    assert process.observation.port is None
    await process.observation.stop()
