"""Pages of jobs: a stretch of a sorted set of them, filtered, with a bound on the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.store.connections import Arg
from openclaw_common.store.jobs import JobScripts

LOOKED_AT: Final = 1000
"""Jobs that one page looks at for those that match."""


@dataclass(frozen=True, slots=True)
class Place:
    """A job's place in a set: its score in ms, and its id."""

    score: int
    id: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a set is wanted: behind `place`, `newer` or else older, from `since` until `until`.

    Times are scores in Unix ms. `filters` are pairs of a record field and its value.
    """

    place: Place | None = None
    newer: bool = False
    since_ms: int | None = None
    until_ms: int | None = None
    filters: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Places of jobs that match, in the direction asked for.

    `more` says that there may be others behind `last`, which is the last one looked at.
    """

    places: tuple[Place, ...]
    more: bool
    last: Place | None


async def place_of(scripts: JobScripts, suffix: str, record_id: str) -> Place | None:
    """Return where a job stands in the set that `suffix` names, None if it does not."""
    key = scripts.keys.jobs(scripts.kind) + suffix
    score = await scripts.client.execute("ZSCORE", key, record_id)
    return None if score is None else Place(int(float(score)), record_id)


async def read_page(scripts: JobScripts, suffix: str, stretch: Stretch, limit: int) -> Page:
    """Return up to `limit` jobs of the set that `suffix` names. Raises StoreUnavailable."""
    place = stretch.place
    args: list[Arg] = [
        suffix,
        place.score if place else "",
        place.id if place else "",
        int(stretch.newer),
        limit,
        LOOKED_AT,
        "-inf" if stretch.since_ms is None else stretch.since_ms,
        "+inf" if stretch.until_ms is None else stretch.until_ms,
    ]
    for name, value in stretch.filters:
        args += (name, value)
    more, last, last_score, *flat = await scripts.call("list", args)
    places = tuple(
        Place(int(float(score)), member.decode())
        for member, score in zip(flat[::2], flat[1::2], strict=True)
    )
    seen = Place(int(float(last_score)), last.decode()) if last else None
    return Page(places, more == b"1", seen)
