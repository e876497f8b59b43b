"""What a worker process lends to every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from openclaw_agent_worker.agent.port import AgentRunner
from openclaw_agent_worker.backoff import Backoff
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config.root import Config


class Transcripts(Protocol):
    """Where session transcripts are read."""

    async def transcript(self, session_key: str) -> list[bytes]:
        """Return the messages of a session as JSON, oldest first. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The collaborators of an attempt."""

    config: Config
    sessions: Transcripts
    runner: AgentRunner
    backoff: Backoff
    clock: Clock
