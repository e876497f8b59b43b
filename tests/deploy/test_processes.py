"""A service starts with what its pod is given, answers the pod's probes, and drains in its time."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from openclaw_common.runtime import health
from tests.deploy.kubectl import OVERLAYS, overlay
from tests.deploy.pods import CANARY, SERVICES, container, lay_out, pod
from tests.harness.processes import Process, free_port, python, start
from tests.integration.store.wire import own_server, url_of


def started(
    name: str, service: str, folder: Path, redis_url: str, ports: tuple[int, int]
) -> Process:
    """Start a service with what its pod is given; `ports` are its own and that of its probes."""
    environ = lay_out(overlay(name), service, folder)
    # What differs from a pod: one host for all, and no collector.
    config = Path(environ["OPENCLAW_CONFIG_PATH"])
    text = config.read_text(encoding="utf-8").replace('"0.0.0.0"', '"127.0.0.1"')
    config.write_text(text.replace('bind: "lan"', 'bind: "loopback"'), encoding="utf-8")
    secrets = Path(environ["OPENCLAW_SECRETS_DIR"])
    (secrets / "OPENCLAW_REDIS_URL").write_text(redis_url, encoding="utf-8")
    environ |= {
        "OPENCLAW_GATEWAY_PORT": str(ports[0]),
        "OPENCLAW_HEALTH_PORT": str(ports[1]),
        "OTEL_SDK_DISABLED": "true",
        "HOME": str(folder),
    }
    return start(service, python("-m", f"openclaw_{service.replace('-', '_')}"), folder, environ)


def probed(name: str, service: str, probe: str) -> str:
    """The path that a probe of the pod asks for."""
    return str(container(overlay(name), service)[probe]["httpGet"]["path"])


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", OVERLAYS)
async def test_a_process_lives_by_its_manifest(
    name: str, service: str, tmp_path: Path, valkey_url: str
) -> None:
    side_port = free_port()
    process = started(name, service, tmp_path, valkey_url, (free_port(), side_port))
    try:
        async with aiohttp.ClientSession() as client:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                path = probed(name, service, probe)
                await answered(client, f"http://127.0.0.1:{side_port}{path}")
        process.send(signal.SIGTERM)
        grace_s = pod(overlay(name), service)["terminationGracePeriodSeconds"]
        assert await process.wait(min(grace_s, 20)) == 0, process.tail()
    finally:
        await process.end()


async def test_an_ingress_stays_in_its_service_while_redis_is_away_and_says_when_to_come_back(
    tmp_path: Path,
) -> None:
    port, side_port = free_port(), free_port()
    ready = f"http://127.0.0.1:{side_port}{probed('production', 'ingress', 'readinessProbe')}"
    headers = {"Authorization": f"Bearer {CANARY['OPENCLAW_GATEWAY_TOKEN']}"}
    with own_server(tmp_path / "valkey") as server:
        process = started(
            "production", "ingress", tmp_path / "pod", url_of(server), (port, side_port)
        )
        try:
            async with aiohttp.ClientSession(headers=headers) as client:
                await answered(client, ready)
                server.terminate()
                async with client.post(
                    f"http://127.0.0.1:{port}/v1/runs", json={"input": "hello"}
                ) as refused:
                    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
                await not_ready(client, f"http://127.0.0.1:{side_port}{health.READY}")
                async with client.get(ready) as response:
                    assert response.status == 200
        finally:
            await process.end()


async def not_ready(client: aiohttp.ClientSession, url: str) -> None:
    """Return once `url` answers 503; what it knew of Redis counts for a second."""
    async with asyncio.timeout(10):
        while True:
            async with client.get(url) as response:
                if response.status == 503:
                    return
            await asyncio.sleep(0.05)


async def answered(client: aiohttp.ClientSession, url: str) -> None:
    """Return once `url` answers 200."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with client.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
