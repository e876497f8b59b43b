"""The rates of the chat platforms, kept by the whole fleet together.

An account is named `<channel>:<account id>`, a destination by its address behind that. What a rate
is and which ones hold for a message is the channel's knowledge; here they are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.delivery import Destination
from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import Arg
from openclaw_common.store.keys import Keys

TURN_GOOD_MS: Final = 2000
"""How late a delivery may come to its turn in a rate; later it waits for another."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` parts on average and `burst` at once, under a name of the account's own."""

    name: str
    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a part may be sent in `wait_s` seconds; else, after how long to ask again."""

    granted: bool
    wait_s: float


def account_name(destination: Destination) -> str:
    """Return the name of the account that sends to `destination`."""
    return f"{destination.channel}:{destination.account_id}"


@dataclass(frozen=True, slots=True)
class Pacing:
    """The rates and freezes in Redis. Every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def take(
        self, delivery_id: str, destination: Destination, rates: Sequence[Rate], hold_ms: float
    ) -> Turn:
        """Take a part's turn in all of `rates`, if it comes within `hold_ms` milliseconds.

        Else nothing is taken, and the turn is kept for this delivery until it asks again.
        """
        account = account_name(destination)
        keys = [
            self.keys.freeze(account),
            self.keys.freeze(_scope(destination)),
            self.keys.turns(delivery_id),
            *(self.keys.pacing(account, rate.name) for rate in rates),
        ]
        args: list[Arg] = [hold_ms, TURN_GOOD_MS]
        for rate in rates:
            args += (1000 / rate.per_second, rate.burst)
        granted, wait_ms = await self.client.call(scripts.load("pace"), keys, args)
        return Turn(granted == b"1", float(wait_ms) / 1000)

    async def spare(
        self, destination: Destination, taken: Sequence[Rate], seen: Sequence[Rate] = ()
    ) -> bool:
        """Take one of each of `taken` if they, and those `seen`, have room beside deliveries."""
        account = account_name(destination)
        rates = [*taken, *seen]
        keys = [self.keys.freeze(account), self.keys.freeze(_scope(destination))]
        keys += [self.keys.pacing(account, rate.name) for rate in rates]
        args: list[Arg] = []
        for number, rate in enumerate(rates):
            args += (1000 / rate.per_second, rate.burst, int(number < len(taken)))
        return bool(await self.client.call(scripts.load("pace_spare"), keys, args))

    async def freeze(
        self, destination: Destination, seconds: float, *, whole_account: bool
    ) -> None:
        """Let nothing be sent to `destination`, or by its account, for `seconds`."""
        scope = account_name(destination) if whole_account else _scope(destination)
        await self.client.call(
            scripts.load("freeze"), (self.keys.freeze(scope),), (seconds * 1000,)
        )


def _scope(destination: Destination) -> str:
    return f"{account_name(destination)}:{destination.place}"
