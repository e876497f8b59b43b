"""The named API keys, without the keys themselves: only their digests are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys

KEPT_MS: Final = 30 * 86_400_000
"""How long a key that was revoked or has expired is still listed at least, in ms."""


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys of one cell. Every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def revision(self) -> int:
        """Return a number that every change raises."""
        return int(await self.client.execute("GET", self.keys.api_key_revision) or 0)

    async def add(self, key: ApiKey, *, most: int) -> bool:
        """Keep a new key; False where there are `most` already."""
        reply = await self.client.call(
            scripts.load("write_api_key"),
            self._keys(),
            (key.id, key.encode(), key.digest, most, KEPT_MS),
        )
        return bool(reply == b"written")

    async def revoke(self, key: ApiKey, now_ms: int) -> bool:
        """Make a key useless; False when it was revoked before."""
        revoked = replace(key, revoked_ms=now_ms)
        reply = await self.client.call(
            scripts.load("revoke_api_key"), self._keys(), (key.id, revoked.encode(), key.digest)
        )
        return bool(reply)

    async def get(self, key_id: str) -> ApiKey | None:
        """Return a key, also a revoked one, None for no such key."""
        raw = await self.client.execute("HGET", self.keys.api_keys, key_id)
        return ApiKey.decode(raw) if raw else None

    async def find(self, digest: str) -> ApiKey | None:
        """Return the key that has a digest, None for one that is revoked or was never made."""
        key_id = await self.client.execute("HGET", self.keys.api_key_digests, digest)
        return await self.get(key_id.decode()) if key_id else None

    async def all(self) -> list[ApiKey]:
        """Return all keys, the newest first."""
        raw = await self.client.execute("HVALS", self.keys.api_keys)
        found = [ApiKey.decode(value) for value in raw]
        return sorted(found, key=lambda key: (key.created_ms, key.id), reverse=True)

    def _keys(self) -> tuple[str, str, str]:
        return (self.keys.api_keys, self.keys.api_key_digests, self.keys.api_key_revision)
