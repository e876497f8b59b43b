"""The `openclaw-agent-worker` command."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunStatus, Turn
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from tests.fakes.provider import FakeProvider

COMMAND = (sys.executable, "-m", "openclaw_agent_worker")


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider


@pytest.fixture
def config_path(tmp_path: Path, valkey_url: str, provider: FakeProvider) -> Path:
    path = tmp_path / "openclaw.json5"
    config = {
        "redis": {"url": valkey_url},
        "agents": {"defaults": {"model": "fake/m"}},
        "models": {"providers": {"fake": {"baseUrl": provider.base_url}}},
    }
    path.write_bytes(orjson.dumps(config))
    return path


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command; whatever is left of it at the end is killed."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def submit(store: Store, text: str) -> str:
    run_id = new_run_id()
    request = RunRequest("main", f"agent:main:{run_id}", "chat", "openclaw", Turn("user", text))
    await RunQueue(store).submit(run_id, request)
    return run_id


async def test_it_executes_runs_and_a_signal_drains_it(
    config_path: Path, provider: FakeProvider
) -> None:
    config = Config.model_validate_json(config_path.read_bytes())
    store = await Store.connect(config.redis, config.runs, role="test")
    async with asyncio.timeout(30), started("--config", str(config_path)) as process:
        run_id = await submit(store, "/fake hang after=2")
        received = await provider.request(0)
        process.send_signal(signal.SIGTERM)
        received.proceed.set()
        assert await process.wait() == 0
        record = await store.runs.get(run_id)
    await store.close()
    assert record is not None
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 1)


async def test_settings_that_cannot_be_used_are_said_in_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "none.json5"
    async with asyncio.timeout(20), started("--config", str(missing)) as process:
        assert process.stderr is not None
        output = (await process.stderr.read()).decode()
        assert await process.wait() == 2
    assert str(missing) in output
    assert len(output.strip().splitlines()) == 1


async def test_importing_the_worker_imports_no_providers_sdk() -> None:
    code = (
        "import sys, openclaw_agent_worker.worker;"
        "print([m for m in ('openai', 'anthropic', 'mcp') if m in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"
