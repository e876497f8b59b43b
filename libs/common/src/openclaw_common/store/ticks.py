"""A due entry of the schedule, what its tick does, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from openclaw_common.store.admission import Bounds
from openclaw_common.store.connections import Arg
from openclaw_common.store.effects import NewSystemEvent

if TYPE_CHECKING:
    from openclaw_common.runtime.tracing import Span


@dataclass(frozen=True, slots=True)
class DueEntry:
    """An entry of the schedule and the time at which it is, or was, due."""

    name: str
    due_ms: int

    @property
    def sort(self) -> str:
        """`wake`, `heartbeat` or `cron`."""
        return self.name.partition(":")[0]

    @property
    def rest(self) -> str:
        """What stands behind the sort."""
        return self.name.partition(":")[2]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that `fire` accepts: `fields` are those of its record, flat.

    `sending` is the span of its acceptance, which is none if it does not come to that.
    """

    id: str
    session_key: str
    arq_job: bytes
    fields: tuple[Arg, ...]
    sending: Span | None = None


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """How often wakes start turns of an agent: ms apart, and so many in a window.

    Events that a turn which failed has left wake again after `retry_ms`, each time after double the
    time, up to `retry_most_ms`.
    """

    spacing_ms: int
    most: int
    window_ms: int
    retry_ms: int
    retry_most_ms: int


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """How many ticks a history keeps, and for how long after the last, in ms."""

    most: int
    keep_ms: int


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick of an entry does.

    It starts `run`, or tells a session `event`, or, with neither, is skipped for `reason`.
    `next_ms` is the next due time, None to end the entry. `settings` is the digest of the record
    that was read. `reads` is the session whose system events the run reads: the tick is skipped
    while another run waits to read them, and with `needs_events` for `reason` while there are none.
    `turns_of` names whose turns a wake's is one of: it waits until it may be. `missed` counts the
    ticks that this one stands for beside itself. With `last` the record goes.
    """

    at_ms: int
    run: NewRun | None = None
    event: NewSystemEvent | None = None
    reason: str = ""
    next_ms: int | None = None
    settings: str | None = None
    reads: str | None = None
    needs_events: bool = False
    turns_of: str | None = None
    missed: int = 0
    last: bool = False

    @property
    def action(self) -> str:
        """What `fire` is to do."""
        if self.run is not None:
            return "run"
        return "skip" if self.event is None else "event"

    def plan(
        self, bounds: Bounds, turns: TurnLimits, history: HistoryLimits | None
    ) -> dict[str, Any]:
        """Return what `fire` takes for it, but for the entry."""
        optional = {
            "next": self.next_ms,
            "settings": self.settings,
            "session": self.reads,
            "run": self.run and self._run(self.run, bounds),
            "event": self.event and self._event(self.event),
            "turns": self.turns_of and self._turns(self.turns_of, turns),
            "history": history and {"keep": history.most, "keep_ms": history.keep_ms},
        }
        return {
            "tick": self.at_ms,
            "action": self.action,
            "reason": self.reason,
            "needs_events": self.needs_events,
            "missed": self.missed,
            "remove": self.last,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _run(self, run: NewRun, bounds: Bounds) -> dict[str, Any]:
        return {
            "id": run.id,
            "lane": run.session_key,
            "queue_timeout_ms": bounds.queue_timeout_ms,
            "max_open": bounds.max_open,
            "max_lane": bounds.max_lane,
        }

    def _event(self, event: NewSystemEvent) -> dict[str, Any]:
        return {
            "session": event.session_key,
            "cell": event.cell,
            "agent": event.agent_id,
            "text": event.text,
            "wake": event.wake,
            "keep": event.limits.most,
            "keep_ms": event.limits.keep_ms,
        }

    def _turns(self, turns_of: str, turns: TurnLimits) -> dict[str, Any]:
        return {
            "of": turns_of,
            "spacing_ms": turns.spacing_ms,
            "most": turns.most,
            "window_ms": turns.window_ms,
            "retry_ms": turns.retry_ms,
            "retry_most_ms": turns.retry_most_ms,
        }


class FireOutcome(StrEnum):
    """What became of a due entry."""

    RUN = "run"
    """A run was accepted."""
    EVENT = "event"
    """A session was told."""
    SKIP = "skip"
    """The tick is noted and gone by."""
    MOVED = "moved"
    """Another process was faster, or the entry is another one now."""
    DEFERRED = "deferred"
    """It may not yet: it stays due."""
    LEFT = "left"
    """It stays due, for a process that can do it."""
    FULL = "full"
    """No room for its run: it stays due."""


@dataclass(frozen=True, slots=True)
class Fired:
    """The outcome; why it was skipped, or what was full; in how many ms a deferred one may."""

    outcome: FireOutcome
    why: str = ""
    in_ms: int = 0
