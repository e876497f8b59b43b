"""Sessions from outside their runs: lists of them, resetting, cancelling and deleting one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import SessionBusy
from openclaw_common.contracts.ids import agent_of
from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.tenants import without_tenant
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.pages import LOOKED_AT, Place
from openclaw_common.store.sessions import Session, SessionLimits, Sessions

FEED_MS: Final = 120_000
"""How long the feed of a session outlives the last word of who follows it, in ms."""
_CHUNK: Final = 100
_PURGED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions are wanted; None and empty for any. The time is Unix ms and exclusive."""

    agent_id: str | None = None
    prefix: str = ""
    updated_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Keys and records of sessions that match; `more` may lie behind `last`."""

    sessions: tuple[tuple[str, Session], ...]
    more: bool
    last: Place | None


@dataclass(frozen=True, slots=True)
class Lane:
    """The runs of a session that have not ended; the first is the active one."""

    run_ids: tuple[str, ...]
    status: RunStatus | None


@dataclass(frozen=True, slots=True)
class SessionSteps:
    """What may be done with sessions. Every call raises StoreUnavailable."""

    scripts: JobScripts
    sessions: Sessions
    limits: SessionLimits

    async def page(
        self,
        wanted: SessionFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> SessionPage:
        """Return up to `limit` sessions behind `place`, the last used first.

        With `newer` the other way round. A place is the time of a session's last write, in ms, and
        its key; a session that is written meanwhile moves to the newer end.
        """
        found: list[tuple[Place, Session]] = []
        looked_at, last = 0, None
        async for chunk in self._chunks(wanted, place, newer=newer):
            keys = [seen for seen in chunk if seen.id.startswith(wanted.prefix)]
            records = await self.sessions.get_all([seen.id for seen in keys])
            for seen, session in zip(keys, records, strict=True):
                if session is None or wanted.agent_id not in (None, session.agent_id):
                    continue
                if len(found) == limit:
                    return _page(found, more=True, last=found[-1][0])
                found.append((seen, session))
            looked_at, last = looked_at + len(chunk), chunk[-1]
            if looked_at >= LOOKED_AT:
                return _page(found, more=True, last=last)
        return _page(found, more=False, last=last)

    async def _chunks(
        self, wanted: SessionFilter, place: Place | None, *, newer: bool
    ) -> AsyncGenerator[list[Place], None]:
        client, key = self.scripts.client, self.scripts.keys.sessions
        after = wanted.updated_after_ms
        low = "-inf" if after is None else f"({after}"
        high = "+inf"
        if place is not None and newer:
            low = str(place.score)
        elif place is not None:
            high = str(place.score)
        ends = (low, high, "BYSCORE") if newer else (high, low, "BYSCORE", "REV")
        offset = 0
        while True:
            flat = await client.execute("ZRANGE", key, *ends, "LIMIT", offset, _CHUNK, "WITHSCORES")
            seen = [
                Place(int(float(score)), name.decode())
                for name, score in zip(flat[::2], flat[1::2], strict=True)
            ]
            chunk = [found for found in seen if _behind(found, place, newer=newer)]
            if chunk:
                yield chunk
            if len(seen) < _CHUNK:
                return
            offset += _CHUNK

    async def lane(self, session_key: str) -> Lane:
        """Return the runs of a session that wait or run."""
        client, keys, kind = self.scripts.client, self.scripts.keys, self.scripts.kind
        ids = await client.execute("LRANGE", keys.lane(kind, session_key), 0, -1)
        if not ids:
            return Lane((), None)
        status = await client.execute("HGET", keys.record(kind, ids[0].decode()), "status")
        return Lane(
            tuple(run_id.decode() for run_id in ids),
            RunStatus(status.decode()) if status else RunStatus.QUEUED,
        )

    async def has_runs(self, session_key: str) -> bool:
        """Whether runs of the session are known."""
        key = self.scripts.keys.runs_by("session", session_key)
        return bool(await self.scripts.client.execute("EXISTS", key))

    async def cancel(self, session_key: str, reason: str) -> int:
        """Cancel every run of a session that has not ended; returns how many there were."""
        return int(await self.scripts.call("cancel_lane", (session_key, reason)))

    async def reset(self, session_key: str, *, cancel: bool) -> int | None:
        """Begin a new epoch; returns its number, None for no such session. Raises SessionBusy."""
        keys = self.scripts.keys
        reply = await self.scripts.call(
            "reset_session",
            (session_key, int(cancel), self.limits.retention_ms),
            (keys.session(session_key), keys.transcript(session_key)),
        )
        if reply[0] == b"busy":
            raise SessionBusy(reply[1].decode())
        return int(reply[1]) if reply[0] == b"reset" else None

    async def delete(self, session_key: str) -> bool:
        """Take a session away with its ended runs; False for none. Raises SessionBusy.

        May be asked again after a failure, and goes on where it stopped.
        """
        keys = self.scripts.keys
        reply = await self.scripts.call(
            "delete_session",
            (session_key, agent_of(without_tenant(session_key)) or ""),
            (keys.session(session_key), keys.transcript(session_key)),
        )
        if reply[0] == b"busy":
            raise SessionBusy(reply[1].decode())
        if reply[0] == b"missing":
            return False
        until_ms, left, looked_at = int(reply[1]), 0, 1
        while looked_at:
            purged, kept = await self.scripts.call(
                "purge_runs", (session_key, until_ms, left, _PURGED_AT_ONCE)
            )
            left, looked_at = left + kept, purged + kept
        return True

    async def follow(self, session_key: str) -> int:
        """Open the feed of a session, or keep it; returns the number of its last entry."""
        client, key = self.scripts.client, self.scripts.keys.session_feed(session_key)
        added = client.submit("XADD", key, "MAXLEN", 1000, "0-*", "session.followed", "{}")
        client.submit("PEXPIRE", key, FEED_MS)
        entry: bytes = await client.settle(added)
        return int(entry.partition(b"-")[2])


def _behind(seen: Place, place: Place | None, *, newer: bool) -> bool:
    if place is None:
        return True
    here, there = (seen.score, seen.id), (place.score, place.id)
    return here > there if newer else here < there


def _page(found: list[tuple[Place, Session]], *, more: bool, last: Place | None) -> SessionPage:
    return SessionPage(tuple((place.id, session) for place, session in found), more, last)
