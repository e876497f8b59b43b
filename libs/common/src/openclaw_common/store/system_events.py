"""System events: what a session's agent is told at its next turn (contract §3.3, §6).

They wait in a stream per session, capped, the oldest dropped. A run that shows them to the model
takes them away when it ends (`effects.EventsRead`), so that none is lost with a worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from openclaw_common.store.effects import EventLimits, NewSystemEvent
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.spread import Spread


class PushOutcome(StrEnum):
    """What became of a system event."""

    QUEUED = "queued"
    """It waits for the session's next turn."""
    COALESCED = "coalesced"
    """The newest one that waits says the same."""


@dataclass(frozen=True, slots=True)
class SystemEvent:
    """One event that waits; `at_ms` is Unix ms by Redis' clock."""

    id: str
    text: str

    @property
    def at_ms(self) -> int:
        """When it was pushed."""
        return int(self.id.partition("-")[0])


@dataclass(frozen=True, slots=True)
class SystemEvents:
    """The system events of the sessions of one cell; with `spread` there are others."""

    scripts: JobScripts
    limits: EventLimits
    spread: Spread | None = None

    def new(self, session_key: str, agent_id: str, text: str, *, wake: bool) -> NewSystemEvent:
        """Return an event for `finish` to push."""
        cell = self.spread.cell_of_session(session_key) if self.spread else ""
        return NewSystemEvent(session_key, agent_id, text, wake, self.limits, cell)

    async def push(self, session_key: str, agent_id: str, text: str, *, wake: bool) -> PushOutcome:
        """Put an event at the end of a session's; with `wake` its agent is to look at it now."""
        event = self.new(session_key, agent_id, text, wake=wake)
        if self.spread is None:
            reply = await self.scripts.call("push_event", event.args()[1:])
        else:
            checks = self.spread.check(session_key, self.scripts.keys.number)
            reply = await self.scripts.call("push_event_in_cells", (*event.args()[1:], *checks))
            self.spread.refused(reply)
        return PushOutcome(reply.decode())

    async def pending(self, session_key: str) -> list[SystemEvent]:
        """Return what waits, oldest first."""
        key = self.scripts.keys.system_events(session_key)
        entries = await self.scripts.client.execute("XRANGE", key, "-", "+")
        return [SystemEvent(entry.decode(), fields[1].decode()) for entry, fields in entries]
