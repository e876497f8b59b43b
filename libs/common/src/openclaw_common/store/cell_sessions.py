"""Sessions of several cells: what is told by a session's key is asked of the session's cell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from openclaw_common.store.cells import Cells
from openclaw_common.store.effects import NewDelivery
from openclaw_common.store.inbound import EventMark, HistoryLine, InboundSteps
from openclaw_common.store.pages import Place
from openclaw_common.store.session_steps import Lane, SessionFilter, SessionPage, SessionSteps
from openclaw_common.store.sessions import Session, Sessions
from openclaw_common.store.system_events import PushOutcome, SystemEvent, SystemEvents


@dataclass(frozen=True, slots=True)
class CellSessions(Sessions):
    """The sessions of all cells."""

    cells: Cells

    async def get(self, session_key: str) -> Session | None:
        """See Sessions."""
        return await (await self.cells.at(session_key)).sessions.get(session_key)

    async def get_all(self, session_keys: Sequence[str]) -> list[Session | None]:
        """See Sessions."""
        return await asyncio.gather(*map(self.get, session_keys))

    async def read(self, session_key: str) -> tuple[Session, list[bytes]]:
        """See Sessions."""
        return await (await self.cells.at(session_key)).sessions.read(session_key)

    async def transcript(self, session_key: str) -> list[bytes]:
        """See Sessions."""
        return await (await self.cells.at(session_key)).sessions.transcript(session_key)


@dataclass(frozen=True, slots=True)
class CellSessionSteps(SessionSteps):
    """What may be done with the sessions of all cells."""

    cells: Cells

    async def page(
        self,
        wanted: SessionFilter,
        limit: int,
        *,
        place: Place | None = None,
        newer: bool = False,
    ) -> SessionPage:
        """See SessionSteps."""
        pages = await asyncio.gather(
            *(
                store.session_steps.page(wanted, limit, place=place, newer=newer)
                for store in self.cells.stores
            )
        )
        return _merged(pages, limit, newer=newer)

    async def lane(self, session_key: str) -> Lane:
        """See SessionSteps."""
        return await (await self.cells.at(session_key)).session_steps.lane(session_key)

    async def has_runs(self, session_key: str) -> bool:
        """See SessionSteps."""
        return await (await self.cells.at(session_key)).session_steps.has_runs(session_key)

    async def cancel(self, session_key: str, reason: str) -> int:
        """See SessionSteps."""
        steps = (await self.cells.at(session_key)).session_steps
        return await steps.cancel(session_key, reason)

    async def reset(self, session_key: str, *, cancel: bool) -> int | None:
        """See SessionSteps."""
        steps = (await self.cells.at(session_key)).session_steps
        return await steps.reset(session_key, cancel=cancel)

    async def delete(self, session_key: str) -> bool:
        """See SessionSteps."""
        return await (await self.cells.at(session_key)).session_steps.delete(session_key)

    async def follow(self, session_key: str) -> int:
        """See SessionSteps."""
        return await (await self.cells.at(session_key)).session_steps.follow(session_key)


def _merged(pages: Sequence[SessionPage], limit: int, *, newer: bool) -> SessionPage:
    def order(place: Place) -> tuple[int, str]:
        return (place.score, place.id)

    found = [(Place(each.updated_ms, key), each) for page in pages for key, each in page.sessions]
    found.sort(key=lambda item: order(item[0]), reverse=not newer)
    # Behind where a page ended, what it left out would be missing between the others'.
    ends = [page.last for page in pages if page.more and page.last is not None]
    end = (min if newer else max)(ends, key=order) if ends else None
    if end is not None:
        found = [
            item
            for item in found
            if (order(item[0]) <= order(end) if newer else order(item[0]) >= order(end))
        ]
    more, last = end is not None, end or (found[-1][0] if found else None)
    if len(found) > limit:
        more, last = True, found[limit - 1][0]
    return SessionPage(tuple((place.id, session) for place, session in found[:limit]), more, last)


@dataclass(frozen=True, slots=True)
class CellSystemEvents(SystemEvents):
    """The system events of the sessions of all cells."""

    cells: Cells = field(kw_only=True)

    async def push(self, session_key: str, agent_id: str, text: str, *, wake: bool) -> PushOutcome:
        """See SystemEvents."""
        events = (await self.cells.at(session_key)).system_events
        return await events.push(session_key, agent_id, text, wake=wake)

    async def pending(self, session_key: str) -> list[SystemEvent]:
        """See SystemEvents."""
        return await (await self.cells.at(session_key)).system_events.pending(session_key)


@dataclass(frozen=True, slots=True)
class CellInbound(InboundSteps):
    """What comes in from chats, for the sessions of all cells."""

    cells: Cells

    async def note_history(
        self, mark: EventMark, session_key: str, line: str, *, most: int, keep_ms: int
    ) -> bool:
        """See InboundSteps."""
        inbound = (await self.cells.at(session_key)).inbound
        return await inbound.note_history(mark, session_key, line, most=most, keep_ms=keep_ms)

    async def note_event(
        self, mark: EventMark, session_key: str, agent_id: str, text: str, limits: tuple[int, int]
    ) -> bool:
        """See InboundSteps."""
        inbound = (await self.cells.at(session_key)).inbound
        return await inbound.note_event(mark, session_key, agent_id, text, limits)

    async def history(self, session_key: str, run_id: str) -> list[HistoryLine]:
        """See InboundSteps."""
        return await (await self.cells.at(session_key)).inbound.history(session_key, run_id)

    async def answer(
        self,
        mark: EventMark,
        notice: NewDelivery,
        *,
        most: int,
        stops: str = "",
        stopped: NewDelivery | None = None,
    ) -> int | None:
        """See InboundSteps; without a session it is done where the notice goes."""
        store = await self.cells.at(stops) if stops else self.cells.to(notice.lane)
        return await store.inbound.answer(mark, notice, most=most, stops=stops, stopped=stopped)
