"""The dead letters of both kinds of job as one list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from openclaw_common.contracts.ids import DELIVERY_PREFIX
from openclaw_common.store.dead_letters import HOOK, DeadLetter, DeadLetterFilter, DeadLetters
from openclaw_common.store.keys import DELIVERY, RUN
from openclaw_common.store.pages import Page, Place

KINDS: Final = (RUN, HOOK, DELIVERY)


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Dead letters in the direction asked for; `more` there may be others behind `last`."""

    letters: tuple[DeadLetter, ...]
    more: bool
    last: Place | None


@dataclass(frozen=True, slots=True)
class AllDeadLetters:
    """Dead letters of runs and of deliveries. Every call raises StoreUnavailable."""

    runs: DeadLetters
    deliveries: DeadLetters

    def of(self, letter_id: str) -> DeadLetters:
        """Return those among which a dead letter of this id would be."""
        return self.deliveries if letter_id.startswith(DELIVERY_PREFIX) else self.runs

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one dead letter, None for what is none."""
        letters = self.of(letter_id)
        place = await letters.place_of(letter_id)
        found = await letters.get_all([place]) if place else []
        return found[0] if found else None

    async def page(
        self,
        kind: str | None,
        wanted: DeadLetterFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> LetterPage:
        """Return up to `limit` dead letters behind `place`, newest first, or `newer` ones.

        `kind` is one of KINDS, or None for all. Only deliveries have a channel.
        """
        pages = [
            await letters.page(which, limit, place=place, newer=newer)
            for letters, which in self._sources(kind, wanted)
        ]
        places, more, last = _merged(pages, limit, newer=newer)
        found = {
            letter.id: letter
            for letters in (self.runs, self.deliveries)
            for letter in await letters.get_all([p for p in places if self.of(p.id) is letters])
        }
        return LetterPage(tuple(found[p.id] for p in places if p.id in found), more, last)

    def _sources(
        self, kind: str | None, wanted: DeadLetterFilter
    ) -> list[tuple[DeadLetters, DeadLetterFilter]]:
        sources = []
        if kind != DELIVERY and wanted.channel is None:
            of_hook = None if kind is None else kind == HOOK
            sources.append((self.runs, replace(wanted, of_hook=of_hook)))
        if kind in (None, DELIVERY):
            sources.append((self.deliveries, wanted))
        return sources


def _merged(
    pages: list[Page], limit: int, *, newer: bool
) -> tuple[list[Place], bool, Place | None]:
    """Return the first places of all pages in order, and whether and behind which are others."""

    def order(place: Place) -> tuple[int, str]:
        return place.score, place.id

    everything = sorted((p for page in pages for p in page.places), key=order, reverse=not newer)
    # Behind where a page ended, what it left out would be missing between the others'.
    ends = [page.last for page in pages if page.more and page.last is not None]
    if ends:
        first_end = (min if newer else max)(ends, key=order)
        within = (
            [p for p in everything if order(p) <= order(first_end)]
            if newer
            else [p for p in everything if order(p) >= order(first_end)]
        )
    else:
        first_end, within = None, everything
    if len(within) > limit:
        return within[:limit], True, within[limit - 1]
    last = first_end or (within[-1] if within else None)
    return within, first_end is not None, last
