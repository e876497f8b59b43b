"""Which process receives for an account that holds a connection, and how far it has received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import Arg
from openclaw_common.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Taken:
    """An account that was taken: `fence` names the taking, `cursor` is where it left off."""

    fence: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the accounts: `share` is how many of them one process is to hold."""

    share: int
    taken: Mapping[str, Taken]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Receivers:
    """The leases of accounts, named `<channel>:<account>`. Every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def keep(
        self, process_id: str, accounts: Sequence[str], held: Mapping[str, int], lease_s: float
    ) -> Kept:
        """Prolong the leases `held`, by their fences, and take what is free of `accounts`."""
        fences = [str(held.get(account, "")) for account in accounts]
        reply = await self.client.call(
            scripts.load("receivers_keep"),
            self._keys(accounts),
            (process_id, round(lease_s * 1000), *_pairs(accounts, fences)),
        )
        states: list[list[Any]] = reply[1:]
        taken, lost = {}, set()
        for account, state in zip(accounts, states, strict=True):
            if state[0] == b"taken":
                taken[account] = Taken(int(state[1]), state[2].decode() or None)
            elif state[0] == b"lost":
                lost.add(account)
        return Kept(int(reply[0]), taken, frozenset(lost))

    async def move_cursor(self, process_id: str, account: str, fence: int, cursor: str) -> bool:
        """Note how far messages are durable; False when another process holds the account."""
        script = scripts.load("receiver_cursor")
        args = (process_id, fence, cursor)
        return bool(await self.client.call(script, (self.keys.receiver(account),), args))

    async def give(
        self, process_id: str, held: Mapping[str, int | None], *, gone: bool = False
    ) -> int:
        """Give accounts back, by their fences (None: any); returns how many were held.

        `gone` says that the process receives no more at all.
        """
        fences = ["" if fence is None else str(fence) for fence in held.values()]
        script = scripts.load("receivers_give")
        args: list[Arg] = [process_id, int(gone), *_pairs(list(held), fences)]
        return int(await self.client.call(script, self._keys(list(held)), args))

    async def give_all(self, process_id: str) -> int:
        """Give back whatever a process held that is gone; returns how many accounts."""
        held = {
            name: None for name, holder in (await self.holders()).items() if holder == process_id
        }
        return await self.give(process_id, held, gone=True)

    async def holders(self) -> dict[str, str]:
        """Return which process was last known to receive for which account."""
        flat = await self.client.execute("HGETALL", self.keys.receiver_holders)
        names = [value.decode() for value in flat]
        return dict(zip(names[::2], names[1::2], strict=True))

    def _keys(self, accounts: Sequence[str]) -> tuple[str, ...]:
        keys = self.keys
        return (keys.receiver_processes, keys.receiver_holders, *map(keys.receiver, accounts))


def _pairs(accounts: Sequence[str], fences: Sequence[str]) -> list[str]:
    return [word for pair in zip(accounts, fences, strict=True) for word in pair]
