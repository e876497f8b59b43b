"""All runs of a session as one stream: the active one, those that wait, those that come.

A session's runs never overlap, so their streams one after another are the session's. What is not a
run's (a run accepted, a reset, the end) comes out of the session's feed, a small stream that only
exists while somebody follows it.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

import orjson
from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest, StoreUnavailable
from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.store.keys import feed_id
from openclaw_common.store.pages import Place
from openclaw_common.store.run_lists import RunFilter
from openclaw_common.store.runs import RunRecord
from openclaw_common.store.session_steps import FEED_MS
from openclaw_ingress.app_keys import READER, STORE
from openclaw_ingress.follow import PAGE, events_of, kept_events
from openclaw_ingress.run_lookup import LAST_EVENT_ID, STARTING_AFTER
from openclaw_ingress.run_view import RunEventsView
from openclaw_ingress.sse import frame

RUN_CREATED: Final = "run.created"
SESSION_DELETED: Final = "session.deleted"
_BEHIND_ALL: Final = "~"
"""Greater than any run's id."""
_OWN: Final = frozenset({"session.reset", "session.updated", SESSION_DELETED})


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """An event of one of a session's runs; its id in the stream is `<run_id>:<sequence>`."""

    run_id: str
    sequence: int


def session_place(request: web.Request) -> SessionPlace | None:
    """Return the event behind which the client goes on, None for what happens from now on.

    Raises InvalidRequest.
    """
    for name, given in (
        (LAST_EVENT_ID, request.headers.get(LAST_EVENT_ID)),
        (STARTING_AFTER, request.query.get(STARTING_AFTER)),
    ):
        if given:
            run, _, sequence = given.rpartition(":")
            run_id = parse_run_id(run)
            if run_id is None or not (sequence.isascii() and sequence.isdigit()):
                raise _unknown_place(name)
            return SessionPlace(run_id, int(sequence[:15]))
    return None


def _unknown_place(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"`{name}` must be the id of an event of this session, `<run_id>:<number>`.",
        param=name,
        code="invalid_last_event_id",
    )


class SessionEventsView:
    """The frames of a session's stream; `begin` says of which run the next events are."""

    def __init__(self, session_key: str) -> None:
        self._session_key = session_key
        self._run: RunEventsView | None = None
        self._ended = False

    def begin(self, run_id: str, after: int) -> None:
        """Go on with events of `run_id` behind `after`."""
        self._run = RunEventsView(run_id, after=after, id_prefix=f"{run_id}:")

    @property
    def ended(self) -> bool:
        """Whether the session is no more."""
        return self._ended

    def encode(self, events: Iterable[RunEvent]) -> bytes:
        """Return the frames of events, all of the run that was begun or all of the session."""
        events = list(events)
        if events[0].type not in _OWN:
            return self._run.encode(events) if self._run else b""
        self._ended = any(event.type == SESSION_DELETED for event in events)
        return b"".join(frame(self._own(event), event=event.type) for event in events)

    def _own(self, event: RunEvent) -> bytes:
        return orjson.dumps({"type": event.type, "session_key": self._session_key, **event.json()})


class SessionFollower:
    """Follows one session for one client."""

    def __init__(self, app: web.Application, session_key: str, view: SessionEventsView) -> None:
        self._store = app[STORE]
        self._reader = app[READER]
        self._key = session_key
        self._view = view
        self._feed_from = 0
        self._runs: deque[SessionPlace] = deque()

    async def open(self, place: SessionPlace | None) -> None:
        """Look up where to begin. Raises InvalidRequest, StoreUnavailable."""
        # The feed first: a run that is accepted from here on is in it.
        self._feed_from = await self._store.session_steps.follow(self._key)
        if place is None:
            lane = await self._store.session_steps.lane(self._key)
            self._runs.extend(SessionPlace(run_id, 0) for run_id in lane.run_ids)
            return
        lists = self._store.run_lists
        at = await lists.place_of(place.run_id)
        record = await self._store.runs.get(place.run_id)
        if at is None or record is None or record.session_key != self._key:
            raise _unknown_place(LAST_EVENT_ID)
        self._runs.append(place)
        self._runs.extend(await self._same_moment(at, record))
        at, more = Place(at.score, _BEHIND_ALL), True
        while more:
            page = await lists.page(RunFilter(session_key=self._key), PAGE, place=at, newer=True)
            self._runs.extend(SessionPlace(found.id, 0) for found in page.places)
            at, more = page.last or at, page.more

    async def _same_moment(self, at: Place, record: RunRecord) -> list[SessionPlace]:
        """Return the runs that were accepted in the same millisecond and run after this one."""
        page = await self._store.run_lists.page(
            RunFilter(
                session_key=self._key,
                created_after_ms=at.score - 1,
                created_before_ms=at.score + 1,
            ),
            PAGE,
            newer=True,
        )
        others = [found.id for found in page.places if found.id != at.id]
        records = [found for found in await self._store.runs.get_all(others) if found]
        later = [
            found
            for found in records
            if (found.started_ms or math.inf) > (record.started_ms or math.inf)
            or (found.started_ms is None and not found.status.terminal)
        ]
        later.sort(key=lambda found: found.started_ms or math.inf)
        return [SessionPlace(found.id, 0) for found in later]

    async def events(self) -> AsyncGenerator[list[RunEvent], None]:
        """Yield batches of events, each of one run or of the session itself, without an end.

        Raises ReaderOverflow and StoreUnavailable.
        """
        keeping = asyncio.create_task(self._keep(), name="session-feed")
        known = {place.run_id for place in self._runs}
        try:
            async with self._reader.follow(feed_id(self._key), self._feed_from) as feed:
                while True:
                    while self._runs:
                        async with aclosing(self._events_of(self._runs.popleft())) as events:
                            async for batch in events:
                                yield batch
                    for event in await anext(feed):
                        if event.type in _OWN:
                            yield [event]
                        elif event.type == RUN_CREATED:
                            run_id = event.json()["created"]
                            if run_id not in known:
                                self._runs.append(SessionPlace(run_id, 0))
        finally:
            keeping.cancel()

    async def _events_of(self, place: SessionPlace) -> AsyncGenerator[list[RunEvent], None]:
        run_id, after = place.run_id, place.sequence
        record = await self._store.runs.get(run_id)
        if record is None:
            return
        source = events_of(self._store, self._reader, run_id, after)
        if record.status.terminal:
            page = await self._store.streams.read(run_id, after, PAGE)
            source = kept_events(self._store, run_id, page)
        self._view.begin(run_id, after)
        async with aclosing(source) as events:
            async for batch in events:
                yield batch

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(FEED_MS / 4000)
            with suppress(StoreUnavailable):
                await self._store.session_steps.follow(self._key)
