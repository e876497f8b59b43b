"""Who may write to an account that asks strangers to be let in, and who waits to be.

A stranger is given a code, which somebody approves who may. The account is named
`<channel>:<account>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from openclaw_common.store import scripts
from openclaw_common.store.effects import NewDelivery
from openclaw_common.store.jobs import JobScripts


class Asked(StrEnum):
    """What became of a stranger's message."""

    ASKED = "asked"
    """A code was made, and the notice that tells it."""
    KNOWN = "known"
    """The stranger has a code."""
    FULL = "full"
    """As many wait as may."""
    TAKEN = "taken"
    """Another has that code: ask with a new one."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Somebody who is paired, or waits: then with a `code`. Times are Unix ms."""

    channel: str
    account_id: str
    sender: str
    to: str
    name: str | None = None
    code: str | None = None
    asked_ms: int = 0
    expires_ms: int | None = None
    approved_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Pairings:
    """The pairings of all accounts. Every call raises StoreUnavailable."""

    scripts: JobScripts

    async def ask(
        self, pairing: Pairing, notice: NewDelivery, *, valid_ms: int, most: int
    ) -> Asked:
        """Let a stranger wait under the code of `pairing`, which `notice` tells."""
        known = {
            "channel": pairing.channel,
            "account_id": pairing.account_id,
            "to": pairing.to,
            "name": pairing.name or "",
        }
        account = _account(pairing.channel, pairing.account_id)
        reply = await self.scripts.call(
            "pairing_ask",
            (
                account,
                pairing.sender,
                pairing.code or "",
                orjson.dumps(known),
                valid_ms,
                most,
                notice.id,
                notice.lane,
                notice.arq_job,
                notice.fields_json(),
            ),
            (self.scripts.keys.pairing_requests,),
        )
        return Asked(reply.decode())

    async def is_paired(self, channel: str, account_id: str, sender: str) -> bool:
        """Whether somebody was let in."""
        field = f"{_account(channel, account_id)}\n{sender}"
        return bool(await self.scripts.client.execute("HEXISTS", self.scripts.keys.pairings, field))

    async def approve(self, channel: str, code: str) -> Pairing | None:
        """Let the stranger in who was given a code; None where nobody has it."""
        keys = (self.scripts.keys.pairing_requests, self.scripts.keys.pairings)
        script = scripts.load("pairing_approve")
        reply = await self.scripts.client.call(script, keys, (f"{channel}:", code))
        return _read(reply) if reply else None

    async def revoke(self, channel: str, account_id: str, sender: str) -> bool:
        """Let somebody in no more, or have them wait no more; False for neither."""
        client, keys = self.scripts.client, self.scripts.keys
        field = f"{_account(channel, account_id)}\n{sender}"
        asked = client.submit("HDEL", keys.pairing_requests, field)
        paired = client.submit("HDEL", keys.pairings, field)
        found = [await client.settle(removed) for removed in (asked, paired)]
        return any(found)

    async def all(self, now_ms: int) -> list[Pairing]:
        """Return who waits, then who is paired, the newest first."""
        client, keys = self.scripts.client, self.scripts.keys
        asked = client.submit("HVALS", keys.pairing_requests)
        paired = client.submit("HVALS", keys.pairings)
        waiting = [_read(raw) for raw in await client.settle(asked)]
        waiting = [pairing for pairing in waiting if (pairing.expires_ms or 0) > now_ms]
        let_in = [_read(raw) for raw in await client.settle(paired)]
        waiting.sort(key=lambda pairing: pairing.asked_ms, reverse=True)
        let_in.sort(key=lambda pairing: pairing.approved_ms or 0, reverse=True)
        return [*waiting, *let_in]


def _account(channel: str, account_id: str) -> str:
    return f"{channel}:{account_id}"


def _read(raw: bytes) -> Pairing:
    said: dict[str, Any] = orjson.loads(raw)
    return Pairing(
        channel=said["channel"],
        account_id=said["account_id"],
        sender=said["sender"],
        to=said["to"],
        name=said["name"] or None,
        code=said.get("code"),
        asked_ms=round(said["asked_ms"]),
        expires_ms=round(said["expires_ms"]) if "expires_ms" in said else None,
        approved_ms=round(said["approved_ms"]) if "approved_ms" in said else None,
    )
