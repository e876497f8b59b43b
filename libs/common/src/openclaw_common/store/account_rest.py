"""Accounts that are left alone for a while because the platform refuses their credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import Keys

REMEMBERED_MS: Final = 86_400_000
"""How long after a rest an account counts as doubtful until something was sent, in ms."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What an account allows: `left_s` seconds of rest with their reason, or use.

    `probing` says that this delivery tries the account for all others.
    """

    left_s: float = 0.0
    error: ErrorBody | None = None
    probing: bool = False

    @property
    def resting(self) -> bool:
        """Whether nothing is to be asked of the platform."""
        return self.error is not None


@dataclass(frozen=True, slots=True)
class AccountRest:
    """The rests in Redis, by account name. Every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def gate(self, account: str, delivery_id: str, probe_s: float) -> Gate:
        """Ask whether `delivery_id` may use the account; trying one takes up to `probe_s`."""
        keys = (self.keys.account_rest(account),)
        reply = await self.client.call(
            scripts.load("account_gate"), keys, (delivery_id, round(probe_s * 1000))
        )
        if reply[0] != b"resting":
            return Gate(probing=reply[0] == b"probe")
        return Gate(int(reply[1]) / 1000, ErrorBody.from_record(orjson.loads(reply[2])))

    async def rests(self, account: str) -> bool:
        """Whether an account is left alone, or was and has sent nothing since."""
        return bool(await self.client.execute("EXISTS", self.keys.account_rest(account)))

    async def put(self, account: str, error: ErrorBody, seconds: float) -> None:
        """Leave an account alone for `seconds`."""
        keys = (self.keys.account_rest(account),)
        args = (round(seconds * 1000), orjson.dumps(error.to_record()), REMEMBERED_MS)
        await self.client.call(scripts.load("account_rest"), keys, args)

    async def end(self, account: str) -> None:
        """Forget that an account was left alone."""
        await self.client.execute("DEL", self.keys.account_rest(account))
