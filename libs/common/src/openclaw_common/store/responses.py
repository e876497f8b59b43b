"""What a run's record keeps for `/v1/responses`: what it repeats of its request, its input items.

They are fields of the run record, so that they are accepted with the run and forgotten with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import RUN, Keys

_RESPONSE: Final = "response"
_ITEMS: Final = "response_items"


@dataclass(frozen=True, slots=True)
class ResponseFacts:
    """What a response says of its request (`echo`), and who may ask for it later.

    `owner` is the user whom a trusted proxy vouched for, empty for others. Without `stored` nobody
    may.
    """

    echo: dict[str, Any]
    owner: str
    stored: bool

    def fields(self, items: list[dict[str, Any]]) -> Mapping[str, bytes]:
        """Return the fields of the run record, with the input items."""
        facts = {"echo": self.echo, "owner": self.owner, "stored": self.stored}
        return {_RESPONSE: orjson.dumps(facts), _ITEMS: orjson.dumps(items)}


@dataclass(frozen=True, slots=True)
class Responses:
    """Responses of one cell; every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def get(self, run_id: str) -> ResponseFacts | None:
        """Return the facts, None for a run that is no response, or one that was forgotten."""
        raw = await self.client.execute("HGET", self.keys.record(RUN, run_id), _RESPONSE)
        return ResponseFacts(**orjson.loads(raw)) if raw else None

    async def items(self, run_id: str) -> list[dict[str, Any]]:
        """Return the input items, without ids."""
        raw = await self.client.execute("HGET", self.keys.record(RUN, run_id), _ITEMS)
        items: list[dict[str, Any]] = orjson.loads(raw) if raw else []
        return items

    async def forget(self, run_id: str) -> None:
        """Forget that the run was a response; the run stays."""
        await self.client.execute("HDEL", self.keys.record(RUN, run_id), _RESPONSE, _ITEMS)
