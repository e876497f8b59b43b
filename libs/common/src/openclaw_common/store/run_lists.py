"""Lists of runs, newest first: which set each kind of question is answered from.

All runs stand in one index; those of one tenant or session, those with one piece of metadata, and
those that failed, expired or were cancelled have a set of their own, so that a page of them costs
no more than a page of all. What has no set of its own is looked for in a bounded stretch a page
(`pages`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.pages import Page, Place, Stretch, place_of, read_page

FEW: Final = 1000
"""So many open runs, and fewer, are looked at all at once for the open ones among them."""
_INDEX: Final = "index"
_NEWEST: Final = (_INDEX, "by:tenant:")
_OPEN: Final = frozenset({RunStatus.QUEUED, RunStatus.IN_PROGRESS})
_OWN_SET: Final = frozenset({RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; None and empty for any. Times are Unix ms and exclusive."""

    statuses: frozenset[RunStatus] = frozenset()
    agent_id: str | None = None
    session_key: str | None = None
    source: str | None = None
    trace_id: str | None = None
    created_after_ms: int | None = None
    created_before_ms: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tenant: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The fields of a record and the values of which it must have one."""
        fields = (
            ("agent_id", self.agent_id),
            ("lane", self.session_key),
            ("source", self.source),
            ("trace_id", self.trace_id),
            ("tenant", self.tenant),
        )
        pairs = [(name, value) for name, value in fields if value is not None]
        pairs += [("status", status.value) for status in sorted(self.statuses)]
        return pairs + [(f"metadata:{name}", value) for name, value in self.metadata.items()]

    def stretch(self, place: Place | None, newer: bool) -> Stretch:
        """What of a set is wanted."""
        after, before = self.created_after_ms, self.created_before_ms
        since_ms = None if after is None else after + 1
        until_ms = None if before is None else before - 1
        return Stretch(place, newer, since_ms, until_ms, self.pairs())


@dataclass(frozen=True, slots=True)
class RunLists:
    """The lists of the runs of one cell. Every call raises StoreUnavailable."""

    scripts: JobScripts

    async def page(
        self, wanted: RunFilter, limit: int, *, place: Place | None = None, newer: bool = False
    ) -> Page:
        """Return the places of up to `limit` runs behind `place`, newest first.

        With `newer` those that are newer than `place`, or the oldest, oldest first.
        """
        stretch = wanted.stretch(place, newer)
        sets = _sets(wanted)
        if sets[0].startswith(_NEWEST) and wanted.statuses and wanted.statuses <= _OPEN:
            found = await self._open(wanted, stretch)
            if found is not None:
                return merge([found], limit, newer=newer)
        pages = await asyncio.gather(
            *(read_page(self.scripts, name, stretch, limit) for name in sets)
        )
        return merge(pages, limit, newer=newer)

    async def place_of(self, run_id: str) -> Place | None:
        """Return where a run stands in the list, None if it is not there."""
        return await place_of(self.scripts, _INDEX, run_id)

    async def _open(self, wanted: RunFilter, stretch: Stretch) -> Page | None:
        """Return every open run that is wanted, None where there are too many to look at."""
        client, keys, kind = self.scripts.client, self.scripts.keys, self.scripts.kind
        ids = await client.execute("ZRANGE", keys.open(kind), 0, FEW)
        if len(ids) > FEW:
            return None
        names = ("created_ms", *dict.fromkeys(name for name, _ in stretch.filters))
        reading = [
            (run_id.decode(), client.submit("HMGET", keys.record(kind, run_id.decode()), *names))
            for run_id in ids
        ]
        places = []
        for run_id, record in reading:
            values = dict(zip(names, await client.settle(record), strict=True))
            if _matches(values, stretch.filters):
                places.append(Place(int(values["created_ms"] or 0), run_id))
        places = [place for place in places if _within(place, stretch)]
        return Page(tuple(places), more=False, last=None)


def merge(pages: Iterable[Page], limit: int, *, newer: bool) -> Page:
    """Return one page made of those of several sets.

    Nothing behind the point to which all of them were looked at can be told yet.
    """
    pages = list(pages)
    sign = 1 if newer else -1

    def reached(place: Place) -> tuple[int, str]:
        return (place.score, place.id)

    ends = [reached(page.last) for page in pages if page.more and page.last is not None]
    end = (min(ends) if newer else max(ends)) if ends else None
    found = sorted({place for page in pages for place in page.places}, key=reached)
    if not newer:
        found.reverse()
    if end is not None:
        found = [
            place
            for place in found
            if (reached(place) <= end if sign > 0 else reached(place) >= end)
        ]
    if len(found) > limit:
        return Page(tuple(found[:limit]), more=True, last=found[limit - 1])
    last = Place(*end) if end is not None else (found[-1] if found else None)
    return Page(tuple(found), more=end is not None, last=last)


def _sets(wanted: RunFilter) -> list[str]:
    if wanted.session_key is not None:
        return [f"by:session:{wanted.session_key}"]
    for name, value in wanted.metadata.items():
        return [f"by:metadata:{name}={value}"]
    if wanted.tenant:
        return [f"by:tenant:{wanted.tenant}"]
    if wanted.statuses and wanted.statuses <= _OWN_SET:
        return [f"by:status:{status.value}" for status in sorted(wanted.statuses)]
    return [_INDEX]


def _matches(values: Mapping[str, bytes | None], filters: Iterable[tuple[str, str]]) -> bool:
    allowed: dict[str, set[bytes]] = {}
    for name, value in filters:
        allowed.setdefault(name, set()).add(value.encode())
    # A record of nobody's has no such field.
    return all((values[name] or b"") in wanted for name, wanted in allowed.items())


def _within(place: Place, stretch: Stretch) -> bool:
    since, until = stretch.since_ms, stretch.until_ms
    if (since is not None and place.score < since) or (until is not None and place.score > until):
        return False
    if stretch.place is None:
        return True
    behind, here = (stretch.place.score, stretch.place.id), (place.score, place.id)
    return here > behind if stretch.newer else here < behind
