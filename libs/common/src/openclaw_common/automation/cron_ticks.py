"""What one tick of a cron job does: a run of its own, or a system event for a session."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final

from openclaw_common.automation.job_times import TickChoice
from openclaw_common.contracts.ids import RUN_PREFIX, agent_of, main_session
from openclaw_common.contracts.run import DeliveryPlan, RunRequest, Turn
from openclaw_common.contracts.tenants import in_tenant, tenant_of, without_tenant
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config import Config, normalise_agent_id
from openclaw_common.runtime.config.channels import own_account
from openclaw_common.runtime.config.cron import ANNOUNCE, MAIN, SYSTEM_EVENT, CronDelivery, CronJob
from openclaw_common.runtime.config.providers import qualified_model
from openclaw_common.store.effects import NewSystemEvent
from openclaw_common.store.schedule import DueEntry, Origin, ScheduledRecord, Tick
from openclaw_common.store.store import Store

SOURCE: Final = "cron"
NO_AGENT: Final = "no-agent"
"""The job names an agent that is not configured."""
MISSED: Final = "missed"
"""Nobody could fire the tick in time, and the job wants no late ones."""
_TICKS: Final = uuid.UUID("6f0f6e0e-7a7b-4c1c-9d5f-1f6a5f0c9b51")


def tick_run_id(entry: str, made_ms: int, tick_ms: int) -> str:
    """Return the run id of one tick of an entry: the same whoever fires it, however often."""
    return f"{RUN_PREFIX}{uuid.uuid5(_TICKS, f'{entry} {made_ms} {tick_ms}')}"


def session_of(agent_id: str, name: str) -> str:
    """Return the session that a job or heartbeat of an agent names: `main`, a name, or a key."""
    if name == MAIN:
        return main_session(agent_id)
    return name if agent_of(name) is not None else f"agent:{agent_id}:{name}"


def may_be_known_elsewhere(config: Config, entry: DueEntry, now_ms: int) -> bool:
    """Whether an entry whose agent is not configured here is still another process' to fire.

    While configurations are exchanged, some processes know agents that others do not.
    """
    return now_ms - entry.due_ms <= config.cron.missed_grace_ms


class CronTicks:
    """Makes the ticks of jobs; runs are those of the configured agents."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._events = store.system_events
        self._runs = RunQueue(store)

    async def tick(
        self, job_id: str, job: CronJob, record: ScheduledRecord, choice: TickChoice, run_id: str
    ) -> Tick:
        """Return what the chosen tick does; `run_id` is its run's, if it is one.

        Raises StoreUnavailable.
        """
        tick = Tick(
            choice.at_ms,
            next_ms=choice.next_ms,
            settings=record.settings,
            missed=choice.missed,
            reason=MISSED,
        )
        if not choice.fires:
            return tick
        agent_id = self._agent_id(job)
        if agent_id is None:
            return replace(tick, reason=NO_AGENT)
        tick = replace(tick, reason="", last=job.delete_after_run and record.origin is Origin.API)
        if job.payload.kind == SYSTEM_EVENT:
            return replace(tick, event=self._event(job_id, job, agent_id))
        request = self._request(job_id, job, agent_id)
        return replace(tick, run=await self._runs.prepare_placed(run_id, request))

    def _agent_id(self, job: CronJob) -> str | None:
        agents = self._config.agents
        agent_id = normalise_agent_id(job.agent_id) if job.agent_id else agents.default_id
        return agent_id if agent_id in agents.entries else None

    def _event(self, job_id: str, job: CronJob, agent_id: str) -> NewSystemEvent:
        own_key = session_of(agent_id, job.session_name or MAIN)
        session_key = in_tenant(tenant_of(job_id), own_key)
        text = (job.payload.text or "")[: self._config.runs.max_system_event_chars]
        of = agent_of(own_key) or agent_id
        return self._events.new(session_key, of, text, wake=job.wake_mode == "now")

    def _request(self, job_id: str, job: CronJob, agent_id: str) -> RunRequest:
        payload, name = job.payload, job.session_name
        agent = self._config.agents.entries[agent_id]
        model = payload.model
        return RunRequest(
            agent_id=agent_id,
            # Isolated runs of one job know nothing of each other, but do not overlap.
            session_key=in_tenant(
                tenant_of(job_id),
                session_of(agent_id, name or f"cron:{without_tenant(job_id)}"),
            ),
            source=SOURCE,
            model=f"openclaw/{agent_id}",
            message=Turn("user", payload.message or ""),
            model_override=(
                qualified_model(agent, self._config.models.providers, model) if model else None
            ),
            ephemeral=name is None,
            timeout_s=payload.timeout_seconds,
            message_channel=SOURCE,
            thinking=payload.thinking,
            delivery=self._delivery(job.delivery),
        )

    def _delivery(self, delivery: CronDelivery) -> DeliveryPlan | None:
        if delivery.mode != ANNOUNCE:
            return None
        channel = self._config.channels.get(delivery.channel)
        to = delivery.to or (channel.default_to if channel else None)
        account = own_account(self._config.channels, delivery.channel, delivery.account_id)
        return DeliveryPlan(delivery.channel, to, account, delivery.thread_id)
