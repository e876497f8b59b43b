"""What a worker process lends to every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from openclaw_agent_worker.agent.port import AgentRunner
from openclaw_agent_worker.image_urls import ImageUrls
from openclaw_agent_worker.tools.catalog import ToolCatalog
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config.root import Config
from openclaw_common.store.sessions import Session


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


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The collaborators of an attempt."""

    config: Config
    sessions: Sessions
    streams: PublishedEvents
    runner: AgentRunner
    tools: ToolCatalog
    images: ImageUrls
    clock: Clock
