"""Turns that nobody asked for just now: heartbeats, and what system events wake an agent for.

Both ask the agent the same, in a run that shows it the session's system events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from openclaw_common.automation.cron_scheduler import history_limits
from openclaw_common.automation.cron_ticks import (
    NO_AGENT,
    may_be_known_elsewhere,
    session_of,
    tick_run_id,
)
from openclaw_common.contracts.delivery import LAST
from openclaw_common.contracts.ids import main_session, new_run_id
from openclaw_common.contracts.run import DeliveryPlan, RunRequest, Turn
from openclaw_common.contracts.tenants import in_tenant, tenant_of
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config import Agent, Config
from openclaw_common.runtime.config.channels import NOT_CHANNELS, own_account
from openclaw_common.runtime.config.heartbeat import NOWHERE, OWNER, Heartbeat
from openclaw_common.runtime.config.providers import qualified_model
from openclaw_common.store.schedule import (
    DueEntry,
    Fired,
    FireOutcome,
    Schedule,
    ScheduledRecord,
    Tick,
)
from openclaw_common.store.store import Store

SOURCE: Final = "heartbeat"
QUIET_HOURS: Final = "quiet-hours"
NO_ROUTE: Final = "no-route"
NO_EVENTS: Final = "no-events"


def turns_of(wake: DueEntry) -> str:
    """Return whose wakes keep a distance from this one: an agent's, or a tenant's of it."""
    agent_id, _, session_key = wake.rest.partition(":")
    return in_tenant(tenant_of(session_key), agent_id)


@dataclass(frozen=True, slots=True)
class UnaskedTurns:
    """Fires heartbeats and wakes of one cell's schedule. Every call raises StoreUnavailable."""

    config: Config
    store: Store
    schedule: Schedule

    async def fire_heartbeat(self, entry: DueEntry, now_ms: int) -> Fired | None:
        """Fire an agent's heartbeat; None when it is gone.

        Ticks that have come by meanwhile are one. Outside the active hours it is skipped; without
        anywhere to send the result too, unless system events wait for a turn.
        """
        record = await self.schedule.record(entry.name)
        if record is None:
            return None
        heartbeat = Heartbeat.model_validate(orjson.loads(record.definition))
        if entry.rest not in self.config.agents.entries and may_be_known_elsewhere(
            self.config, entry, now_ms
        ):
            return Fired(FireOutcome.LEFT, NO_AGENT)
        tick = await self._heartbeat(entry, heartbeat, record, now_ms)
        return await self.schedule.fire(entry, tick, history_limits(self.config))

    async def fire_wake(self, entry: DueEntry, now_ms: int) -> Fired:
        """Let an agent look at a session's system events, as soon as it may."""
        agent_id, _, session_key = entry.rest.partition(":")
        agent = self.config.agents.entries.get(agent_id)
        if agent is None:
            if may_be_known_elsewhere(self.config, entry, now_ms):
                return Fired(FireOutcome.LEFT, NO_AGENT)
            tick = Tick(entry.due_ms, reason=NO_AGENT)
            return await self.schedule.fire(entry, tick, None)
        request = self._request(agent, agent.heartbeat, session_key)
        tick = Tick(
            entry.due_ms,
            run=await RunQueue(self.store).prepare_placed(new_run_id(), request),
            reason=NO_EVENTS,
            reads=session_key,
            needs_events=True,
            turns_of=turns_of(entry),
        )
        return await self.schedule.fire(entry, tick, None)

    async def _heartbeat(
        self, entry: DueEntry, heartbeat: Heartbeat, record: ScheduledRecord, now_ms: int
    ) -> Tick:
        every_ms = heartbeat.every_ms
        missed = max(0, now_ms - entry.due_ms) // every_ms
        at_ms = entry.due_ms + missed * every_ms
        agent_id = entry.rest
        agent = self.config.agents.entries.get(agent_id)
        skipped = None
        if agent is None:
            skipped = NO_AGENT
        elif not heartbeat.active_hours.contain(now_ms):
            skipped = QUIET_HOURS
        if agent is None or skipped:
            return Tick(
                at_ms,
                reason=skipped or NO_AGENT,
                next_ms=at_ms + every_ms,
                settings=record.settings,
                missed=missed,
            )
        session_key = session_of(agent_id, heartbeat.session)
        request = self._request(agent, heartbeat, session_key)
        run_id = tick_run_id(entry.name, record.created_ms, at_ms)
        return Tick(
            at_ms,
            run=await RunQueue(self.store).prepare_placed(run_id, request),
            reason=NO_ROUTE,
            next_ms=at_ms + every_ms,
            settings=record.settings,
            reads=session_key,
            needs_events=not await self._has_route(heartbeat, session_key, agent_id),
            missed=missed,
        )

    def _request(self, agent: Agent, heartbeat: Heartbeat, session_key: str) -> RunRequest:
        model = heartbeat.model
        own = session_of(agent.id, heartbeat.session) == session_key
        return RunRequest(
            agent_id=agent.id,
            session_key=session_key,
            source=SOURCE,
            model=f"openclaw/{agent.id}",
            message=Turn("user", heartbeat.prompt),
            model_override=(
                qualified_model(agent, self.config.models.providers, model) if model else None
            ),
            ephemeral=heartbeat.isolated_session and own,
            timeout_s=heartbeat.timeout_seconds,
            message_channel=SOURCE,
            delivery=self._delivery(heartbeat),
            reads_events=True,
        )

    def _delivery(self, heartbeat: Heartbeat) -> DeliveryPlan | None:
        target = heartbeat.target
        if target == NOWHERE:
            return None
        if target in (OWNER, LAST):
            return DeliveryPlan(LAST)
        channel = self.config.channels.get(target)
        to = heartbeat.to or (channel.default_to if channel else None)
        account = own_account(self.config.channels, target, heartbeat.account_id)
        return DeliveryPlan(target, to, account)

    async def _has_route(self, heartbeat: Heartbeat, session_key: str, agent_id: str) -> bool:
        """Whether the result of a heartbeat would reach anybody, or is not to."""
        plan = self._delivery(heartbeat)
        if plan is None:
            return True
        if plan.channel != LAST and not self._serves(plan.channel):
            return False
        if plan.channel != LAST and plan.to is not None:
            return True
        for key in dict.fromkeys((session_key, main_session(agent_id, tenant_of(session_key)))):
            session = await self.store.sessions.get(key)
            route = session.route if session else None
            if route and self._serves(route.channel) and plan.channel in (LAST, route.channel):
                return True
        return False

    def _serves(self, channel_id: str) -> bool:
        channel = self.config.channels.get(channel_id)
        return channel is not None and channel.enabled and channel_id not in NOT_CHANNELS
