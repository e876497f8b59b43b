"""Who holds a presented API key.

What Redis said of a key is kept in this process for as long as no key changes anywhere, which a
number in Redis tells; it is asked for again when it is older than REVISION_FRESH_S. So a revoked
key is refused by every replica after that time and one answer of Redis.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol

from openclaw_common.contracts.api_key import ApiKey, digest_of, may_be_secret
from openclaw_common.runtime.clock import Clock
from openclaw_ingress.cached import Cached

REVISION_FRESH_S: Final = 0.5
MAX_REMEMBERED: Final = 10_000
"""Keys, right and wrong ones, of which this replica remembers what Redis said."""


class StoredKeys(Protocol):
    """What is needed of `store.api_keys`; every call may raise StoreUnavailable."""

    async def revision(self) -> int: ...
    async def find(self, digest: str) -> ApiKey | None: ...


class KeyHolders:
    """Looks keys up by their digest."""

    def __init__(self, keys: StoredKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._revision = Cached(keys.revision, fresh_s=REVISION_FRESH_S, clock=clock)
        self._known: OrderedDict[str, ApiKey | None] = OrderedDict()
        self._known_at = -1

    async def find(self, presented: str) -> ApiKey | None:
        """Return the key if it lets anybody in now, else None. Raises StoreUnavailable."""
        if not may_be_secret(presented):
            return None
        revision = await self._revision.get()
        if revision != self._known_at:
            self._known.clear()
            self._known_at = revision
        digest = digest_of(presented)
        if digest not in self._known:
            found = await self._keys.find(digest)
            self._remember(digest, found, revision)
        else:
            found = self._known[digest]
        return found if found and found.usable(self._clock.wall() * 1000) else None

    def _remember(self, digest: str, found: ApiKey | None, revision: int) -> None:
        # What was asked for before a change was known may be the old truth.
        if revision == self._known_at:
            self._known[digest] = found
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
