"""Runs that are seen working: an indicator, a preview of their text, at the place they answer to.

An agent worker notes a run as soon as it knows where the result will go. Delivery processes take
what is due, one process an entry, and say when it is due again; one that dies leaves its entries to
the others a moment later. The indicator goes with the end of the run. A preview goes over to the
delivery of the result, or is withdrawn where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_common.contracts.delivery import Destination
from openclaw_common.store import scripts
from openclaw_common.store.client import RedisClient
from openclaw_common.store.keys import RUN, Keys
from openclaw_common.store.leases import Lease

TYPING: Final = "typing"
PREVIEW: Final = "preview"

NOT_SHOWN: Final = "none"
SENDING: Final = "sending"
"""The first message of a preview was asked for, and no answer is known."""
SHOWN: Final = "shown"

PREVIEW_KEPT_MS: Final = 86_400_000
"""How long a preview that may be seen is remembered, in ms."""
_RUNNING: Final = frozenset({"queued", "in_progress"})


@dataclass(frozen=True, slots=True)
class LiveEntry:
    """What was taken: `sort` is TYPING or PREVIEW; `due` names this taking.

    `over` says that the time is up for which a run is shown. `preview` is the state of the preview
    and `message_id` the message that shows it, asked for first `asked_s` seconds ago. `failures`
    are those of the indicator in a row. `awaits_delivery` says that the delivery of the result may
    still take the preview over.
    """

    sort: str
    run_id: str
    due: str
    destination: Destination
    reply_to: str | None
    over: bool
    run_status: str
    preview: str
    message_id: str | None
    failures: int
    awaits_delivery: bool
    asked_s: float

    @property
    def member(self) -> str:
        """The entry's name among the live runs."""
        return f"{self.sort}:{self.run_id}"

    @property
    def ended(self) -> bool:
        """Whether the run works no more."""
        return self.run_status not in _RUNNING


@dataclass(frozen=True, slots=True)
class Adopted:
    """The preview that a delivery takes over: `state` is NOT_SHOWN, SENDING or SHOWN.

    One that may have been sent was asked for `asked_s` seconds ago. For `busy_s` seconds somebody
    may still be asking the platform for it: ask again.
    """

    state: str
    message_id: str | None = None
    busy_s: float = 0.0
    asked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Live:
    """The live runs in Redis. Every call raises StoreUnavailable."""

    client: RedisClient
    keys: Keys

    async def begin(
        self,
        lease: Lease,
        destination: Destination,
        sorts: Sequence[str],
        *,
        seconds: float,
        reply_to: str | None = None,
    ) -> None:
        """Show the run under `lease` at `destination`, for `seconds` at most."""
        keys = (
            self.keys.live,
            self.keys.live_wake,
            self.keys.live_run(lease.id),
            self.keys.record(RUN, lease.id),
        )
        args = (lease.id, lease.attempt, round(seconds * 1000), _told(destination), reply_to or "")
        await self.client.call(scripts.load("live_begin"), keys, (*args, *sorts))

    async def take(self, most: int, lease_s: float) -> tuple[float | None, list[LiveEntry]]:
        """Take up to `most` due entries for `lease_s` seconds.

        Returns also in how many seconds the next one will be due, None for none.
        """
        args = (self.keys.base, most, round(lease_s * 1000))
        next_ms, taken = await self.client.call(scripts.load("live_take"), (self.keys.live,), args)
        next_s = None if next_ms < 0 else next_ms / 1000
        return next_s, [_entry(fields) for fields in taken]

    async def keep(self, entry: LiveEntry, seconds: float, *, failures: int = 0) -> None:
        """Let an entry be due again in `seconds`; `failures` are the indicator's in a row."""
        fields = ("failures", failures) if entry.sort == TYPING else ()
        await self._keep(entry, round(seconds * 1000), fields=fields)

    async def drop(self, entry: LiveEntry) -> None:
        """Show an entry no more."""
        await self._keep(entry, "")

    async def ask(self, entry: LiveEntry, busy_s: float, *, while_running: bool) -> str:
        """Note that the platform is about to be asked for a preview, for at most `busy_s`.

        Returns the name of the taking from now on, "" where it is not to be asked: the entry is
        somebody else's by now, the delivery's, or `while_running` and the run has ended.
        """
        state = SHOWN if entry.message_id else SENDING
        return await self._keep(
            entry,
            round(busy_s * 1000),
            busy=round(busy_s * 1000),
            while_running=while_running,
            life=PREVIEW_KEPT_MS,
            fields=("preview", state),
        )

    async def answered(self, run_id: str, state: str, message_id: str | None = None) -> None:
        """Note what became of the request that `ask` announced."""
        keys = (self.keys.live_run(run_id),)
        await self.client.call(scripts.load("live_answered"), keys, (state, message_id or ""))

    async def adopt(self, run_id: str, delivery_id: str, destination: Destination) -> Adopted:
        """Give the preview of a run to the delivery of its result."""
        keys = (self.keys.live, self.keys.live_run(run_id))
        args = (f"{PREVIEW}:{run_id}", delivery_id, _told(destination))
        said, *more = await self.client.call(scripts.load("live_adopt"), keys, args)
        if said == b"busy":
            return Adopted(SENDING, busy_s=int(more[0]) / 1000)
        if said == b"sending":
            return Adopted(SENDING, asked_s=int(more[0]) / 1000)
        return Adopted(said.decode(), more[0].decode() if more else None)

    async def _keep(
        self,
        entry: LiveEntry,
        ms: int | str,
        *,
        busy: int | str = "",
        while_running: bool = False,
        life: int | str = "",
        fields: Sequence[str | int] = (),
    ) -> str:
        keys = (
            self.keys.live,
            self.keys.live_run(entry.run_id),
            self.keys.record(RUN, entry.run_id),
        )
        args = (entry.member, entry.due, ms, busy, int(while_running), life, *fields)
        due: bytes = await self.client.call(scripts.load("live_keep"), keys, args)
        return due.decode()


def _told(destination: Destination) -> bytes:
    return orjson.dumps(destination)


def _entry(fields: Sequence[Any]) -> LiveEntry:
    said = [field.decode() for field in fields]
    sort, _, run_id = said[0].partition(":")
    return LiveEntry(
        sort=sort,
        run_id=run_id,
        due=said[1],
        destination=Destination(**orjson.loads(said[2])),
        reply_to=said[3] or None,
        over=said[4] == "1",
        run_status=said[5],
        preview=said[6] or NOT_SHOWN,
        message_id=said[7] or None,
        failures=int(said[8]),
        awaits_delivery=said[9] == "1",
        asked_s=int(said[10]) / 1000,
    )
