"""The session of a run: what it continues, whether it starts afresh, and what it is left as.

A reset and a summary are written when they happen, each in a fenced step of its own, so that a
later attempt finds them done. The turn itself is written with the end of the run.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from openclaw_agent_worker.agent.port import Compacted, Completed
from openclaw_agent_worker.agent.session_commands import (
    GREETING,
    ResetCommand,
    compact_focus,
    reset_command,
    since_reset,
    without_compacting,
)
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.session_reset import reset_due
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import of_response
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.agents import Agent
from openclaw_common.runtime.config.providers import qualified_model
from openclaw_common.store.leases import Lease
from openclaw_common.store.sessions import Session, SessionWrite

logger = logging.getLogger(__name__)

USER_SOURCES: Final = frozenset({"chat", "responses", "api", "channel"})
"""Sources of runs that a person asked for: only these know commands and count as interaction."""


class RunSession:
    """One run's view of its session; `transcript` is None where the run keeps none."""

    def __init__(
        self,
        lease: Lease,
        request: RunRequest,
        session: Session | None = None,
        transcript: Sequence[bytes] = (),
    ) -> None:
        self.request = request
        """What is to be answered: a command is taken out of it."""
        self.focus: str | None = None
        """What a summary is to mind where one was asked for, an empty text for nothing special."""
        self.retention_ms: int | None = None
        """How long the session is kept unused, None for as long as any."""
        self._lease = lease
        self._session = session
        self._messages = list(transcript)

    @property
    def transcript(self) -> Sequence[bytes] | None:
        """The messages that the run continues, as JSON, oldest first."""
        return None if self._session is None else self._messages

    @property
    def route(self) -> Destination | None:
        """Where the session was heard from or answered last."""
        return self._session.route if self._session else None

    async def reset(self, model: str | None) -> None:
        """Begin a new epoch. Raises LeaseLost."""
        await self._write(SessionWrite(new_epoch=True, model=model, by_user=self._by_user))
        self._messages = []

    async def compact(self, compacted: Compacted) -> None:
        """Put a summary in place of older messages. Raises LeaseLost."""
        await self._write(SessionWrite(drop=len(self._messages), head=compacted.transcript))
        self._messages = list(compacted.transcript)

    def ending(self, completed: Completed) -> SessionWrite | None:
        """Return what the end of the run writes, None for nothing."""
        if self._session is None:
            return None
        return SessionWrite(
            revision=self._session.revision,
            drop=completed.dropped,
            head=completed.replacement,
            tail=completed.new_messages,
            by_user=self._by_user,
            retention_ms=self.retention_ms,
        )

    @property
    def _by_user(self) -> bool:
        return self.request.source in USER_SOURCES

    async def _write(self, write: SessionWrite) -> None:
        session, request = self._session, self.request
        if session is None:
            raise RuntimeError("a run without a session cannot change it")
        write = replace(write, revision=session.revision, retention_ms=self.retention_ms)
        if await self._lease.write_session(request.session_key, request.agent_id, write):
            self._session = replace(session, revision=session.revision + 1)
        else:
            # Somebody else reset it: this run ends, and leaves nothing in the new epoch.
            logger.info("session_moved_on", extra={"run_id": self._lease.id})


async def open_session(
    context: WorkerContext, lease: Lease, request: RunRequest, agent: Agent
) -> RunSession:
    """Read the run's session and reset it where that is due. Raises GatewayError, LeaseLost."""
    if request.ephemeral:
        return RunSession(lease, request)
    opened = await _opened(context, lease, request, agent)
    if of_response(request.session_key):
        # It is only found through the record of a response.
        opened.retention_ms = context.config.runs.retention_seconds * 1000
    if _knows_commands(request):
        opened.focus = compact_focus(request.message)
    return opened


async def _opened(
    context: WorkerContext, lease: Lease, request: RunRequest, agent: Agent
) -> RunSession:
    config, key = context.config, request.session_key
    triggers = config.session.reset_triggers if _knows_commands(request) else ()
    command = reset_command(request.message, triggers, lambda word: _model(config, agent, word))
    session, transcript = await context.sessions.read(key)
    if command is not None:
        request = _commanded(request, command)
    else:
        history = without_compacting(since_reset(request.history, triggers))
        request = replace(request, history=tuple(history))
    # What this run wrote already it wrote behind the reset.
    again = session.last_run_id == lease.id
    rule = config.session
    due = reset_due(rule, key, request.message_channel, session, context.clock.wall())
    if again or not (command or due):
        request = _with_model(config, agent, request, session.model)
        return RunSession(lease, request, session, transcript)
    model = command.model if command else None
    opened = RunSession(lease, _with_model(config, agent, request, model), session, transcript)
    await opened.reset(model)
    logger.info("session_reset", extra={"run_id": lease.id, "by_user": command is not None})
    return opened


def _knows_commands(request: RunRequest) -> bool:
    return request.source in USER_SOURCES and request.may_command


def _commanded(request: RunRequest, command: ResetCommand) -> RunRequest:
    text = command.text
    if not text and not request.images:
        text = GREETING
    return replace(request, history=(), message=replace(request.message, text=text))


def _model(config: Config, agent: Agent, word: str) -> str | None:
    providers = config.models.providers
    model = qualified_model(agent, providers, word)
    if model.partition("/")[0] not in providers or "/" not in model:
        return None
    if not agent.allows(model):
        raise InvalidRequest(f"Model '{model}' is not allowed for agent '{agent.id}'.")
    return model


def _with_model(config: Config, agent: Agent, request: RunRequest, model: str | None) -> RunRequest:
    usable = model is not None and model.partition("/")[0] in config.models.providers
    if request.model_override or not usable or not agent.allows(model or ""):
        return request
    return replace(request, model_override=model)
