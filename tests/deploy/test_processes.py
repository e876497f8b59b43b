"""A service starts with what its pod is given, answers the pod's probes, and drains in its time."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.kubectl import OVERLAYS, overlay
from tests.deploy.pods import SERVICES, container, lay_out, pod
from tests.harness.processes import free_port, python, start


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", OVERLAYS)
async def test_a_process_lives_by_its_manifest(
    name: str, service: str, tmp_path: Path, valkey_url: str
) -> None:
    environ = lay_out(overlay(name), service, tmp_path)
    side_port = free_port()
    # What differs from a pod: one host for all, and no collector.
    config = Path(environ["OPENCLAW_CONFIG_PATH"])
    text = config.read_text(encoding="utf-8").replace('"0.0.0.0"', '"127.0.0.1"')
    config.write_text(text.replace('bind: "lan"', 'bind: "loopback"'), encoding="utf-8")
    secrets = Path(environ["OPENCLAW_SECRETS_DIR"])
    (secrets / "OPENCLAW_REDIS_URL").write_text(valkey_url, encoding="utf-8")
    environ |= {
        "OPENCLAW_GATEWAY_PORT": str(free_port()),
        "OPENCLAW_HEALTH_PORT": str(side_port),
        "OTEL_SDK_DISABLED": "true",
        "HOME": str(tmp_path),
    }
    process = start(
        service, python("-m", f"openclaw_{service.replace('-', '_')}"), tmp_path, environ
    )
    try:
        async with aiohttp.ClientSession() as client:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                path = container(overlay(name), service)[probe]["httpGet"]["path"]
                await answered(client, f"http://127.0.0.1:{side_port}{path}")
        process.send(signal.SIGTERM)
        grace_s = pod(overlay(name), service)["terminationGracePeriodSeconds"]
        assert await process.wait(min(grace_s, 20)) == 0, process.tail()
    finally:
        await process.end()


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
