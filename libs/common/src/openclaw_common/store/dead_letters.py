"""Dead letters: jobs that used up their attempts or failed for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.keys import DELIVERY, RUN
from openclaw_common.store.pages import Page, Place, Stretch, place_of, read_page

HOOK: Final = "hook"
"""The kind of dead letter that a run is which a hook asked for."""
_DEAD: Final = "dead"
_FIELDS: Final = (
    "status",
    "source",
    "attempt",
    "error",
    "channel",
    "to",
    "run_id",
    "created_ms",
    "tenant",
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter; its id is that of the run or the delivery. Times are Unix ms.

    `kind` is `run`, `hook` for a run that a hook asked for, or `delivery`; `run_id` is the run
    itself or the one that caused the delivery.
    """

    id: str
    kind: str
    died_ms: int
    created_ms: int
    status: str
    source: str
    attempt: int
    error: ErrorBody | None
    run_id: str | None
    channel: str | None
    to: str | None
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters of one kind of job are wanted; None for any, times in Unix ms.

    `of_hook` picks runs that a hook asked for, or the others.
    """

    of_hook: bool | None = None
    channel: str | None = None
    error_code: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    tenant: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The fields of a record and the values that they must have."""
        wanted = (
            ("channel", self.channel),
            ("error_code", self.error_code),
            ("tenant", self.tenant),
        )
        pairs = [(name, value) for name, value in wanted if value is not None]
        return pairs if self.of_hook is None else [*pairs, ("of_hook", str(int(self.of_hook)))]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of one kind of job. Every call raises StoreUnavailable."""

    scripts: JobScripts

    async def newest(self, limit: int = 100) -> list[tuple[str, int]]:
        """Return up to `limit` (record id, Unix ms of death), newest first."""
        page = await self.page(DeadLetterFilter(), limit)
        return [(place.id, place.score) for place in page.places]

    async def page(
        self,
        wanted: DeadLetterFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> Page:
        """Return the places of up to `limit` dead letters behind `place`, newest first.

        With `newer` those that are newer than `place`, the nearest first.
        """
        stretch = Stretch(place, newer, wanted.since_ms, wanted.until_ms, wanted.pairs())
        return await read_page(self.scripts, _DEAD, stretch, limit)

    async def place_of(self, record_id: str) -> Place | None:
        """Return where a dead letter stands, None for what is none."""
        return await place_of(self.scripts, _DEAD, record_id)

    async def get_all(self, places: Sequence[Place]) -> list[DeadLetter]:
        """Return those dead letters whose records are still there."""
        client, keys, kind = self.scripts.client, self.scripts.keys, self.scripts.kind
        reading = [
            (place, client.submit("HMGET", keys.record(kind, place.id), *_FIELDS))
            for place in places
        ]
        found = []
        for place, record in reading:
            raw = dict(zip(_FIELDS, await client.settle(record), strict=True))
            values = {name: value.decode() if value else "" for name, value in raw.items()}
            if values["status"]:
                found.append(_dead_letter(kind, place, values))
        return found

    async def forget(self, record_id: str) -> bool:
        """Take a job out of the dead letters; False when it is none."""
        return bool(await self.scripts.call("forget", (record_id,)))


def _dead_letter(kind: str, place: Place, values: dict[str, str]) -> DeadLetter:
    error = values["error"]
    return DeadLetter(
        id=place.id,
        kind=HOOK if kind == RUN and values["source"] == HOOK else kind,
        died_ms=place.score,
        created_ms=int(values["created_ms"] or 0),
        status=values["status"],
        source=values["source"],
        attempt=int(values["attempt"] or 0),
        error=ErrorBody.from_record(orjson.loads(error)) if error else None,
        run_id=(values["run_id"] or None) if kind == DELIVERY else place.id,
        channel=values["channel"] or None,
        to=values["to"] or None,
        tenant=values["tenant"],
    )
