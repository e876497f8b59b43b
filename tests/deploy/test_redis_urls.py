"""A whole gateway over each kind of connection string, and through a fail-over."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.fleets import AtAnotherRedis
from tests.harness.fleet import Fleet
from tests.harness.processes import free_port
from tests.integration.store.sentinel import Sentinel, wait_for
from tests.integration.store.wire import own_server, proxied, url_of

DATA = Path(__file__).parents[1] / "integration" / "store" / "data"


async def chat(fleet: Fleet) -> int:
    """Ask for two tokens; the status, after the text was held against what was asked."""
    url = f"{fleet.ingresses[0].url}/v1/chat/completions"
    body = {"model": "openclaw", "messages": [{"role": "user", "content": "/fake text tokens=2"}]}
    async with fleet.session.post(url, json=body, headers=fleet.headers) as answer:
        found: dict[str, Any] = await answer.json()
        if answer.status == 200:
            assert found["choices"][0]["message"]["content"] == "tok0 tok1 "
        return answer.status


async def test_over_tls_with_a_certificate_of_our_own(tmp_path: Path, valkey_url: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "localhost.pem", DATA / "localhost.key")
    async with proxied(valkey_url, context) as proxy:
        url = f"rediss://localhost:{proxy.port}/0?ssl_ca_certs={DATA / 'localhost.pem'}"
        async with AtAnotherRedis(tmp_path, url, valkey_url) as fleet:
            assert await chat(fleet) == 200


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[tuple[Fleet, Any]]:
    """A fleet at a master with a replica and a Sentinel, and the master."""
    with ExitStack() as stack:
        durable = {"appendonly": "yes", "repl-diskless-sync-delay": 0}
        master = stack.enter_context(own_server(tmp_path / "master", **durable))
        stack.enter_context(
            own_server(tmp_path / "replica", replicaof=f"127.0.0.1 {master.port}", **durable)
        )
        port = free_port()
        sentinel = Sentinel(tmp_path / "sentinel", port, master.port)
        stack.callback(sentinel.end)
        await asyncio.to_thread(wait_for, lambda: sentinel.replicas() == 1)
        url = f"redis+sentinel://127.0.0.1:{port}/main/0"
        async with AtAnotherRedis(tmp_path / "fleet", url, url_of(master)) as fleet:
            yield fleet, master


async def test_a_gateway_goes_on_after_a_fail_over(watched: tuple[Fleet, Any]) -> None:
    fleet, master = watched
    assert await chat(fleet) == 200
    await asyncio.to_thread(master.terminate)
    begun = time.monotonic()
    seen = {503}
    async with asyncio.timeout(30):
        while (status := await chat(fleet)) != 200:
            seen.add(status)
            await asyncio.sleep(0.1)
    print(f"served again after {time.monotonic() - begun:.1f} s")
    assert seen == {503}
    assert all(it.process.popen.poll() is None for it in (*fleet.ingresses, *fleet.workers))
