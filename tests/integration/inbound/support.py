"""What the tests of the platforms share: accounts that anybody may write to, and what came back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.fakes.channels.platform import FakePlatform
from tests.harness.chats import Chats

OPEN: Final[Mapping[str, Any]] = {
    "dmPolicy": "open",
    "allowFrom": ["*"],
    "groupPolicy": "open",
}
waiting = pytest.mark.parametrize("answers", [False])
"""Nothing executes the runs."""


async def told(platform: FakePlatform, count: int) -> list[tuple[str, str | None, str]]:
    """Wait for so many messages of ours: to whom, in which thread, what."""
    async with asyncio.timeout(20):
        taken = await platform.taken(count)
    return [(item.to, item.thread, item.text) for item in taken]


async def texts_told(platform: FakePlatform, count: int) -> list[tuple[str, str]]:
    """Wait for so many messages of ours: to whom, and what."""
    return [(to, text) for to, _, text in await told(platform, count)]


async def post(chats: Chats, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Post to the gateway what a platform would, or would not."""
    async with chats.client.post(chats.url + path, data=body, headers=headers) as answer:
        return answer.status, await answer.read()


async def parts_shown(chats: Chats) -> list[dict[str, Any]]:
    """Wait for the first request to the model; return the parts of its last message."""
    async with asyncio.timeout(5):
        received = await chats.provider.request(0)
    parts: list[dict[str, Any]] = received.body["messages"][-1]["content"]
    return parts
