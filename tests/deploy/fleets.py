"""A fleet at a Redis that the test brings."""

from __future__ import annotations

from pathlib import Path

import redis.asyncio

from tests.harness.fleet import Fleet


class AtAnotherRedis(Fleet):
    """A fleet whose processes are told `url`; `direct` is the same server's plain address."""

    def __init__(self, folder: Path, url: str, direct: str) -> None:
        super().__init__(folder, config={"redis": {"url": url}})
        self._direct = direct

    def redis(self) -> redis.asyncio.Redis:
        return redis.asyncio.Redis.from_url(self._direct)
