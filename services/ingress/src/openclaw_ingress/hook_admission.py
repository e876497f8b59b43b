"""From an understood webhook to a durable run or system event (contract §3.3, §3.4, §3.7)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final, Protocol

import orjson

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import main_session, new_run_id
from openclaw_common.contracts.run import Announcement, RunRequest, Turn, Untrusted
from openclaw_common.queue.accounts import current_account
from openclaw_common.queue.job_queue import Idempotency, Replayed, RunQueue
from openclaw_common.runtime.config import Agent, Config
from openclaw_ingress.agents import DEFAULT_MODEL, is_allowed_model
from openclaw_ingress.hook_actions import AgentAction, WakeAction
from openclaw_ingress.hook_destination import HookDestinations
from openclaw_ingress.hook_policy import HookPolicy

SOURCE: Final = "hook"
UNTRUSTED_SOURCE: Final = "Webhook"
MESSAGE_CHANNEL: Final = "hook"
MAX_KEY_CHARS: Final = 256
"""A longer idempotency key is none (contract §3.7)."""


class SystemEventSink(Protocol):
    """What is needed of `store.system_events`; may raise StoreUnavailable."""

    async def push(self, session_key: str, agent_id: str, text: str, *, wake: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a hook and how it names this one: equal senders, path and key are one run.

    `caller` is the SHA-256 of the token, or names the mapping whose signature was valid. An empty
    `key` is none.
    """

    caller: str
    path: str
    key: str

    def identity(self, fingerprint: str, keep_ms: int) -> Idempotency | None:
        """Return the record of a run that stands for `fingerprint`, None without a key."""
        if not self.key:
            return None
        scope = f"hooks\n{self.caller}\n{self.path}\n{fingerprint}"
        return Idempotency(scope, self.key, fingerprint, keep_ms)


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that may be accepted; the session of a `generated` key was made for it alone."""

    request: RunRequest
    generated: bool

    def fingerprint(self) -> str:
        """Return what tells equal webhooks: the SHA-256 of all that was asked for."""
        request = replace(self.request, session_key="") if self.generated else self.request
        return sha256_of(orjson.dumps(request))


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """A durable run; `replayed` tells that it was accepted before."""

    id: str
    request: RunRequest
    replayed: bool


class HookAdmission:
    """Holds actions to the policy and hands them to the queue."""

    def __init__(
        self,
        config: Config,
        destinations: HookDestinations,
        queue: RunQueue,
        events: SystemEventSink,
    ) -> None:
        self._config = config
        self._policy = HookPolicy(config)
        self._destinations = destinations
        self._queue = queue
        self._events = events
        # A key that outlives its run would lead to nothing.
        keep_s = min(config.hooks.idempotency_ttl_seconds, config.runs.retention_seconds)
        self.keep_ms = keep_s * 1000

    def prepare(self, action: AgentAction) -> PreparedRun:
        """Return the run of an action. Raises InvalidRequest."""
        agent = self._policy.agent(action.agent_id, mapped=action.mapped)
        session = self._policy.run_session(action.session, agent, mapped=action.mapped)
        delivery = self._destinations.plan(action.delivery, mapped=action.mapped)
        request = RunRequest(
            agent_id=agent.id,
            session_key=session.key,
            source=SOURCE,
            model=action.model or DEFAULT_MODEL,
            message=Turn("user", action.message),
            model_override=self._model(agent, action.model),
            ephemeral=not session.persistent,
            timeout_s=action.timeout_s,
            message_channel=MESSAGE_CHANNEL,
            thinking=action.thinking,
            delivery=delivery,
            announce=Announcement(
                main_session(agent.id),
                f"Hook {action.name}",
                wake=action.wake_now,
                only_failures=not action.delivery.wanted,
            ),
            untrusted=None if action.trusted else Untrusted(UNTRUSTED_SOURCE, action.name),
            reads_events=session.persistent,
        )
        return PreparedRun(request, session.generated)

    async def start(self, prepared: PreparedRun, identity: Idempotency | None) -> AcceptedRun:
        """Accept a run; when this returns it is durable. Raises QueueFull, StoreUnavailable."""
        run_id = new_run_id()
        outcome = await self._queue.submit(run_id, prepared.request, idempotency=identity)
        return AcceptedRun(outcome.id, prepared.request, isinstance(outcome, Replayed))

    async def wake(self, action: WakeAction) -> str:
        """Tell a session a system event; returns `queued` or `coalesced`.

        Raises InvalidRequest and StoreUnavailable.
        """
        agent = self._policy.agent(action.agent_id, mapped=action.mapped)
        account = current_account()
        account.check_agent(agent.id)
        key = main_session(agent.id)
        if action.session.key is not None:
            if not action.now:
                raise InvalidRequest("sessionKey requires mode=now", param="sessionKey")
            key = self._policy.session_key(
                action.session.key, agent, external=action.session.external
            )
        return str(
            await self._events.push(account.stored(key), agent.id, action.text, wake=action.now)
        )

    def _model(self, agent: Agent, model: str | None) -> str | None:
        allowed = model is not None and is_allowed_model(self._config, agent, model)
        return model if allowed else None


def sha256_of(*parts: bytes | str) -> str:
    """Return the hex SHA-256 of texts and bytes, each told from the next."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(raw) + raw)
    return digest.hexdigest()
