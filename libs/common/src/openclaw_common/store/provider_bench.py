"""Provider credentials that are left alone for a while, over the whole fleet.

A credential is known here by a digest only. It is benched with the error that it met, so that a
process that never saw the provider can say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Benched:
    """Why a credential is left alone, and for how many seconds more."""

    error: ErrorBody
    left_s: float


@dataclass(frozen=True, slots=True)
class ProviderBench:
    """The bench in Redis; Redis ends each stay by itself."""

    client: RedisClient
    keys: Keys

    async def put(self, credential_id: str, error: ErrorBody, seconds: float) -> None:
        """Leave a credential alone for `seconds`, at least a millisecond.

        Raises StoreUnavailable.
        """
        key, stay_ms = self.keys.provider_bench(credential_id), max(1, round(seconds * 1000))
        await self.client.execute("SET", key, orjson.dumps(error.to_record()), "PX", stay_ms)

    async def get(self, credential_id: str) -> Benched | None:
        """Return why and for how long a credential is left alone. Raises StoreUnavailable."""
        key = self.keys.provider_bench(credential_id)
        value, left = self.client.submit("GET", key), self.client.submit("PTTL", key)
        raw, left_ms = await self.client.settle(value), await self.client.settle(left)
        if raw is None or int(left_ms) <= 0:
            return None
        return Benched(ErrorBody.from_record(orjson.loads(raw)), int(left_ms) / 1000)
