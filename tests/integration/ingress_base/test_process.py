"""`openclaw-ingress` as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.store.cell_store import connect

TOKEN = "the-token-of-the-process"


@asynccontextmanager
async def launched(
    folder: Path, valkey_url: str, *arguments: str, **environ: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    (folder / "openclaw.json5").write_text(
        '{gateway: {auth: {mode: "token"}}, ingress: {drainSeconds: 20},'
        " tracing: {flushMs: 60000}}",
        encoding="utf-8",
    )
    settings = {
        "OPENCLAW_REDIS_URL": valkey_url,
        "OPENCLAW_GATEWAY_TOKEN": TOKEN,
        "OPENCLAW_LOG_FORMAT": "json",
        **environ,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "openclaw_ingress", "--config", str(folder / "openclaw.json5"), *arguments),
        env={"PATH": os.environ["PATH"], **settings},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def logged(process: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    """Read the process's log up to `event`."""
    assert process.stderr is not None
    async with asyncio.timeout(15):
        while line := await process.stderr.readline():
            assert TOKEN.encode() not in line
            entry = json.loads(line)
            if entry["event"] == event:
                return dict(entry)
    raise AssertionError(f"the process ended without {event}")


async def test_it_tells_where_it_listens_and_ends_cleanly_on_sigterm(
    tmp_path: Path, valkey_url: str
) -> None:
    async with launched(tmp_path, valkey_url, "--host", "127.0.0.1", "--port", "0") as process:
        port = (await logged(process, "ingress.listening"))["port"]
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
            client.get("/readyz") as response,
        ):
            assert response.status == 200
        process.send_signal(signal.SIGTERM)
        await logged(process, "ingress.stopped")
        assert await process.wait() == 0


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, valkey_url: str) -> None:
    async with launched(tmp_path, valkey_url, "--port", "0") as process:
        port = (await logged(process, "ingress.listening"))["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        # A request whose body does not come keeps the drain waiting.
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            + f"Authorization: Bearer {TOKEN}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        await reader.readline()
        process.send_signal(signal.SIGTERM)
        await logged(process, "ingress.draining")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await process.wait() == -signal.SIGTERM
        writer.close()


async def test_the_spans_of_its_last_requests_are_kept(tmp_path: Path, valkey_url: str) -> None:
    async with launched(tmp_path, valkey_url, "--host", "127.0.0.1", "--port", "0") as process:
        port = (await logged(process, "ingress.listening"))["port"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client,
            client.post("/v1/runs", json={"input": "hi"}) as response,
        ):
            run_id = (await response.json())["id"]
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    config = Config.model_validate({"redis": {"url": valkey_url}})
    store = await connect(config.redis, config.runs, role="test")
    kept = await store.traces.read(run_id)
    await store.close()
    assert b"POST /v1/runs" in kept


async def test_two_processes_share_a_port_where_they_are_told_to(
    tmp_path: Path, valkey_url: str, unused_port: int
) -> None:
    shared = ("--port", str(unused_port), "--reuse-port")
    async with (
        launched(tmp_path, valkey_url, *shared) as one,
        launched(tmp_path, valkey_url, *shared) as two,
    ):
        for process in (one, two):
            assert (await logged(process, "ingress.listening"))["port"] == unused_port


async def test_an_address_that_is_taken_ends_it_with_the_reason(
    tmp_path: Path, valkey_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with launched(tmp_path, valkey_url, "--port", port) as process:
            reason = (await logged(process, "ingress.cannot_listen"))["reason"]
            assert "in use" in str(reason)
            assert await process.wait() == 1


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"OPENCLAW_LOG_LEVEL": "loud"}, b"log level 'loud' is unknown; use one of debug"),
        ({"OPENCLAW_LOG_FORMAT": "xml"}, b"log format 'xml' is unknown; use json or human"),
        ({"OPENCLAW_GATEWAY_TOKEN": ""}, b"gateway.auth"),
    ],
)
async def test_settings_that_cannot_be_end_it_with_status_2(
    tmp_path: Path, valkey_url: str, environ: dict[str, str], words: bytes
) -> None:
    async with launched(tmp_path, valkey_url, **environ) as process:
        _, errors = await process.communicate()
        assert process.returncode == 2
        assert words in errors
