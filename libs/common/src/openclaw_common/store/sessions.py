"""Sessions: the transcript that a run continues. Only `finish` appends to it."""

from __future__ import annotations

from dataclasses import dataclass

from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Sessions:
    """Session transcripts of one cell."""

    client: RedisClient
    keys: Keys

    async def transcript(self, session_key: str) -> list[bytes]:
        """Return the messages of a session as JSON, oldest first. Raises StoreUnavailable."""
        messages: list[bytes] = await self.client.execute(
            "LRANGE", self.keys.transcript(session_key), 0, -1
        )
        return messages
