"""The embedded Valkey: one owner of a folder, and no trace of an owner that died."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
import redis.asyncio

from openclaw_standalone.embedded_valkey import EmbeddedValkey, socket_path
from openclaw_standalone.errors import StartError


async def _answers(url: str) -> bool:
    client = redis.asyncio.Redis.from_url(url)
    try:
        return bool(await client.ping())
    except redis.exceptions.ConnectionError:
        return False
    finally:
        await client.aclose()


async def test_it_keeps_every_write_and_listens_on_no_port(tmp_path: Path) -> None:
    valkey = await EmbeddedValkey.start(tmp_path / "data")
    client = redis.asyncio.Redis.from_url(valkey.url, decode_responses=True)
    try:
        found = await client.config_get("appendonly", "appendfsync", "maxmemory-policy", "port")
    finally:
        await client.aclose()
        await valkey.stop()
    assert found == {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "port": "0",
    }


async def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first = await EmbeddedValkey.start(tmp_path)
    with pytest.raises(StartError, match=f"process {os.getpid()}"):
        await EmbeddedValkey.start(tmp_path)
    assert await _answers(first.url)
    await first.stop()
    second = await EmbeddedValkey.start(tmp_path)
    await second.stop()


async def test_a_server_whose_gateway_died_is_ended_and_its_data_taken_over(
    tmp_path: Path,
) -> None:
    orphan = await EmbeddedValkey.start(tmp_path)
    client = redis.asyncio.Redis.from_url(orphan.url, decode_responses=True)
    await client.set("kept", "yes")
    # What the kernel does when the gateway is killed, without the signal that only Linux sends.
    orphan._lock.close()
    successor = await EmbeddedValkey.start(tmp_path)
    try:
        async with asyncio.timeout(5):
            assert "ended" in await orphan.wait()
        assert await client.get("kept") == "yes"
    finally:
        await client.aclose()
        await successor.stop()


async def test_a_server_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    valkey = await EmbeddedValkey.start(tmp_path)
    os.kill(valkey._process.pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        assert str(tmp_path / "valkey.log") in await valkey.wait()
    await valkey.stop()


async def test_a_deep_folder_gets_a_socket_that_the_system_can_open(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    assert not socket_path(deep).is_relative_to(deep)
    assert socket_path(deep) == socket_path(deep)
    valkey = await EmbeddedValkey.start(deep)
    try:
        assert await _answers(valkey.url)
    finally:
        await valkey.stop()


async def test_a_server_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way", encoding="utf-8")
    with pytest.raises(StartError, match=r"valkey\.log says why"):
        await EmbeddedValkey.start(tmp_path)
