"""What a worker process lends to every attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from openclaw_agent_worker.agent.port import AgentRunner
from openclaw_agent_worker.embeddings_run import Embedder
from openclaw_agent_worker.measured import WorkerCounts
from openclaw_agent_worker.media import Media
from openclaw_agent_worker.tools.catalog import ToolCatalog
from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config.root import Config
from openclaw_common.store.effects import NewDelivery, NewSystemEvent
from openclaw_common.store.inbound import HistoryLine
from openclaw_common.store.leases import Lease
from openclaw_common.store.sessions import Session
from openclaw_common.store.system_events import SystemEvent


class Sessions(Protocol):
    """Where sessions are read."""

    async def read(self, session_key: str) -> tuple[Session, list[bytes]]:
        """Return the record, and the messages as JSON, oldest first. Raises StoreUnavailable."""
        ...


class PublishedEvents(Protocol):
    """Where the run events of earlier attempts are read."""

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[RunEvent]:
        """Return up to `limit` events after sequence `after`. Raises StoreUnavailable."""
        ...


class WaitingEvents(Protocol):
    """The system events of sessions."""

    async def pending(self, session_key: str) -> list[SystemEvent]:
        """Return what waits, oldest first. Raises StoreUnavailable."""
        ...

    def new(self, session_key: str, agent_id: str, text: str, *, wake: bool) -> NewSystemEvent:
        """Return an event that the end of a run brings into being."""
        ...


class GroupHistory(Protocol):
    """What was written in groups without meaning the agent."""

    async def history(self, session_key: str, run_id: str) -> list[HistoryLine]:
        """Return what was written before a run was accepted. Raises StoreUnavailable."""
        ...


class NewDeliveries(Protocol):
    """Where deliveries get their id and their job."""

    def prepare(self, request: DeliveryRequest) -> NewDelivery:
        """Return a delivery that the end of a run brings into being."""
        ...


class LiveRuns(Protocol):
    """Where runs are noted that are to be seen working."""

    async def begin(
        self,
        lease: Lease,
        destination: Destination,
        sorts: Sequence[str],
        *,
        seconds: float,
        reply_to: str | None = None,
    ) -> None:
        """Show the run under `lease` at `destination`. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The collaborators of an attempt; `sessions` has its own one, `other_sessions` every other."""

    config: Config
    sessions: Sessions
    other_sessions: Sessions
    streams: PublishedEvents
    system_events: WaitingEvents
    history: GroupHistory
    deliveries: NewDeliveries
    live: LiveRuns
    runner: AgentRunner
    tools: ToolCatalog
    media: Media
    embedder: Embedder
    clock: Clock
    counts: WorkerCounts
