"""What a worker lends to tools that need more than their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from openclaw_agent_worker.tools.tool import ToolContext
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.egress.fetch import Egress


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session; times are Unix milliseconds."""

    key: str
    agent_id: str
    created_ms: int
    updated_ms: int
    messages: int


class SessionDirectory(Protocol):
    """Where sessions are looked up. Every call raises StoreUnavailable."""

    async def find(self, session_key: str) -> SessionSummary | None:
        """Return a session, None for one that does not exist."""
        ...

    async def newest(self, prefix: str, limit: int) -> Sequence[SessionSummary]:
        """Return sessions whose key begins with `prefix`, the last used first."""
        ...

    async def transcript(self, session_key: str) -> list[bytes]:
        """Return the messages of a session as JSON, oldest first."""
        ...


class RunStarter(Protocol):
    """How a tool starts a run. Every call raises GatewayError."""

    async def start(self, request: RunRequest, *, call_id: str) -> str:
        """Accept a run and return its id; the same `call_id` gives the same run."""
        ...

    async def output(self, run_id: str, wait_s: float) -> str | None:
        """Return a run's output once it has completed; None if it has not within `wait_s`."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that a tool wants sent; `channel` and `to` as somebody would write them.

    Without them it goes where the session was heard from last.
    """

    text: str
    media_urls: tuple[str, ...] = ()
    channel: str | None = None
    to: str | None = None
    account_id: str | None = None
    thread_id: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that was accepted."""

    delivery_id: str
    destination: Destination

    def to_wire(self) -> dict[str, Any]:
        """Return the destination as the delivery's record shows it."""
        return self.destination.to_wire()


class Outbox(Protocol):
    """How a tool sends a message."""

    async def send(self, message: Outgoing, caller: ToolContext) -> Sent:
        """Accept a delivery; the same call gives the same one. Raises ToolError, GatewayError."""
        ...


@dataclass(frozen=True, slots=True)
class ToolServices:
    """The collaborators of tools. `http` is for trusted addresses only, `egress` for all others."""

    config: Config
    sessions: SessionDirectory
    runs: RunStarter
    outbox: Outbox
    clock: Clock
    egress: Egress
    http: aiohttp.ClientSession = field(repr=False)
