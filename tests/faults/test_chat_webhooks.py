"""Webhooks of chats while the ingress that takes them dies, and two thousand chats at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.channels.parrot import FakeParrot, Written
from tests.faults.dying_ingress import FATAL
from tests.harness.chats import parrot_config
from tests.harness.fleet import Fleet
from tests.harness.processes import free_port, python, start

WEBHOOK = "/api/channels/parrot/webhook"
ENTRY_POINTS = "[openclaw.channels]\nparrot = tests.fakes.parrot_plug:PLUGIN\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the parrot for the processes of a test."""
    info = tmp_path / "packages" / "openclaw_channel_parrot-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: openclaw-channel-parrot\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.setenv("PYTHONPATH", str(info.parent))


@asynccontextmanager
async def running(folder: Path, channels: dict[str, Any]) -> AsyncIterator[Fleet]:
    """An ingress, a worker and a delivery process."""
    async with Fleet(folder, config={"channels": channels}) as fleet:
        command = python("-m", "openclaw_delivery", "--config", str(fleet.config_path))
        delivery = start("delivery", command, folder)
        try:
            yield fleet
        finally:
            await delivery.end()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("text", ["/fake say once", "/stop", "overheard"])
async def test_what_a_dying_ingress_has_taken_in_is_not_taken_in_again(
    tmp_path: Path, text: str
) -> None:
    async with FakeParrot() as parrot:
        channels = parrot_config(parrot.base_url, groups={"g": {}})
        async with running(tmp_path, channels) as fleet:
            port = free_port()
            command = ["-m", "tests.faults.dying_ingress", "--config", str(fleet.config_path)]
            dying = start("dying", python(*command, "--port", str(port)), tmp_path)
            try:
                await until_up(fleet.session, f"http://127.0.0.1:{port}/healthz")
                overheard = text == "overheard"
                written = Written(
                    f"{text} {FATAL}",
                    chat="g" if overheard else "42",
                    chat_kind="group" if overheard else "direct",
                    event=1,
                )
                with pytest.raises(aiohttp.ClientError):
                    await parrot.post(fleet.session, f"http://127.0.0.1:{port}{WEBHOOK}", written)
                assert await dying.wait() == -9
            finally:
                await dying.end()
            url = fleet.ingresses[0].url + WEBHOOK
            for _ in range(2):
                answer = await parrot.post(fleet.session, url, written)
                assert (answer.status, await answer.text()) == (200, "squawk")
            asked = Written("/fake say last", chat="43", sender="8", event=2)
            await parrot.post(fleet.session, url, asked)
            async with asyncio.timeout(20), fleet.redis() as redis:
                if overheard:
                    assert await redis.xlen(f"{HISTORY}agent:main:parrot:group:g") == 1
                await parrot.taken(1 if overheard else 2)
            texts = Counter(taken.text for taken in parrot.accepted)
            assert set(texts.values()) == {1}
            assert texts["last"] == 1


HISTORY = "openclaw:{c0}:inbound-history:"


async def until_up(client: aiohttp.ClientSession, url: str) -> None:
    """Return once somebody answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with client.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
