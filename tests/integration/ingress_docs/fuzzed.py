"""A gateway for schemathesis: everything turned on, and a worker that ends every run at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import redis.asyncio

from openclaw_common.contracts.run import RunResult, RunStatus
from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store
from tests.integration.delivery.support import Office, dead_delivery, dead_run
from tests.integration.ingress_chat.gateway import USAGE, Execution, Gateway, running
from tests.integration.ingress_runs.api import remember

TOKEN = "a-token-of-the-tests"
HOOK_TOKEN = "a-hook-token-of-the-tests"
SETTINGS = Path(__file__).with_name("schemathesis.toml")
VECTOR = "AACAPwAAAEA="
EACH_KIND = 3


def fuzz_config(redis_url: str) -> Config:
    """Every endpoint on, and no limit of wrong credentials that is ever reached."""
    return Config.model_validate(
        {
            "gateway": {
                "auth": {
                    "mode": "token",
                    "token": TOKEN,
                    "rateLimit": {"maxAttempts": 10**9, "exemptLoopback": False},
                    "maxApiKeys": 10**6,
                },
                "http": {
                    "endpoints": {
                        "chatCompletions": {"enabled": True},
                        "responses": {"enabled": True},
                    }
                },
            },
            "hooks": {
                "enabled": True,
                "token": HOOK_TOKEN,
                "mappings": [
                    {"match": {"path": "told"}, "action": "agent", "messageTemplate": "told"},
                ],
            },
            "cron": {"maxJobs": 10**6},
            "agents": {"entries": {"main": {"default": True}, "beta": {}}},
            "models": {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1"}}},
            "redis": {"url": redis_url},
        }
    )


async def _end(run: Execution) -> None:
    """End a run at once: a tool's with JSON, embeddings with vectors, any other as a turn."""
    request = run.request
    output: Any = None
    if request.tool is not None:
        output = {"content": [{"type": "text", "text": "done"}]}
    elif request.embeddings is not None:
        output = {"vectors": [VECTOR] * len(request.embeddings.texts)}
    if output is None:
        await remember(run)
        return
    await run.lease.finish(
        RunStatus.COMPLETED,
        events=[("run.completed", b'{"usage":{}}')],
        result=RunResult(orjson.dumps(output).decode(), usage=USAGE),
    )


async def _bury(config: Config) -> None:
    """Leave dead letters, before there is a worker that would take their jobs."""
    store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
    client = redis.asyncio.Redis.from_url(config.redis.url.get_secret_value())
    try:
        office = Office(store, client)
        for number in range(EACH_KIND):
            await dead_run(office)
            await dead_run(office, "api")
            await dead_delivery(office, "one", to=str(number))
    finally:
        await client.aclose()
        await store.close()


@asynccontextmanager
async def fuzzed(redis_url: str) -> AsyncIterator[Gateway]:
    """The gateway, served, with a dead letter of each kind."""
    config = fuzz_config(redis_url)
    await _bury(config)
    async with running(config, routes=None) as gateway:
        gateway.script = _end
        yield gateway


async def schemathesis(gateway: Gateway, *arguments: str, folder: Path) -> tuple[int, str]:
    """Return the exit status and the report of a run over the gateway; `folder` takes its files."""
    url = f"{gateway.one.url}/openapi.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
        *("run", url, *arguments),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode()


def arguments_of(given: Sequence[str]) -> list[str]:
    """Return the arguments of a long run, which `given` ones replace."""
    return ["--phases", "coverage,fuzzing", "--max-examples", "500", "--seed", "1", *given]
