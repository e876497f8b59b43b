"""What the end of a run causes, beside its result: a delivery, an announcement, events read.

Everything that has to be looked up is looked up before the model is asked, so that the end itself
is one atomic step that needs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openclaw_agent_worker.context import WorkerContext
from openclaw_common.contracts.delivery import (
    DEFAULT_ACCOUNT,
    LAST,
    WEBHOOK,
    DeliveryRequest,
    Destination,
    run_event_request,
    shown,
)
from openclaw_common.contracts.ids import agent_of, main_session
from openclaw_common.contracts.replies import HEARTBEAT, Reply, reply_of
from openclaw_common.contracts.run import DeliveryPlan, RunRequest, RunStatus
from openclaw_common.runtime.config.heartbeat import Heartbeat
from openclaw_common.store.effects import Effect, EventsRead, HistoryRead, RouteSeen
from openclaw_common.store.inbound import HistoryLine
from openclaw_common.store.system_events import SystemEvent


@dataclass(frozen=True, slots=True)
class RunEnding:
    """What will follow from one run.

    `shown` are the system events, `history` the group's messages that its model is shown.
    """

    context: WorkerContext
    run_id: str
    request: RunRequest
    destination: Destination | None
    shown: tuple[SystemEvent, ...] = ()
    history: tuple[HistoryLine, ...] = ()

    def effects(self, output: str) -> list[Effect]:
        """Return what comes to be together with the result `output`."""
        return list(self._effects(output, self._reply(output)))

    def leaves_no_trace(self, output: str) -> bool:
        """Whether the turn may be left out of the transcript: a heartbeat that found nothing."""
        quiet = self._reply(output).suppressed is not None
        return self.request.source == HEARTBEAT and quiet and not self.shown

    def _reply(self, output: str) -> Reply:
        agent = self.context.config.agents.entries.get(self.request.agent_id)
        ack_chars = (agent.heartbeat if agent else Heartbeat()).ack_max_chars
        return reply_of(output, self.request.source, ack_chars)

    def _delivery(self, destination: Destination, output: str, reply: Reply) -> DeliveryRequest:
        request = self.request
        if destination.channel == WEBHOOK:
            run = {
                "id": self.run_id,
                "agent_id": request.agent_id,
                "session_key": request.session_key,
                "output": output,
            }
            return run_event_request(destination, RunStatus.COMPLETED, run, "run")
        return DeliveryRequest(
            destination,
            reply.text,
            run_id=self.run_id,
            session_key=request.session_key,
            agent_id=request.agent_id,
            suppress=reply.suppressed,
            reply_to=request.delivery.reply_to if request.delivery else None,
        )

    def _effects(self, output: str, reply: Reply) -> Iterator[Effect]:
        request, destination = self.request, self.destination
        if self.shown:
            yield EventsRead(request.session_key, self.shown[-1].id)
        if self.history:
            yield HistoryRead(request.session_key, self.history[-1].id)
        if destination is not None:
            yield self.context.deliveries.prepare(self._delivery(destination, output, reply))
            # An address that holds a token is none to come back to.
            if not request.ephemeral and shown(destination.to) == destination.to:
                yield RouteSeen(request.session_key, destination)
        elif (told := request.announce) and not (told.only_failures or reply.suppressed):
            limit = self.context.config.runs.max_system_event_chars
            yield self.context.system_events.new(
                told.session_key,
                agent_of(told.session_key) or request.agent_id,
                f"{told.label}: {reply.text}"[:limit],
                wake=told.wake,
            )


async def prepare_ending(
    context: WorkerContext, run_id: str, request: RunRequest, route: Destination | None
) -> RunEnding:
    """Look up what the end of a run needs; `route` is the session's. Raises StoreUnavailable."""
    destination = await _destination(context, request, route)
    reads = request.reads_events or not request.ephemeral
    events = await context.system_events.pending(request.session_key) if reads else []
    history = []
    if request.reads_history:
        history = await context.history.history(request.session_key, run_id)
    return RunEnding(context, run_id, request, destination, tuple(events), tuple(history))


async def _destination(
    context: WorkerContext, request: RunRequest, route: Destination | None
) -> Destination | None:
    plan = request.delivery
    if plan is None:
        return None
    if plan.to is not None and plan.channel != LAST:
        account = plan.account_id or DEFAULT_ACCOUNT
        return Destination(plan.channel, plan.to, account, plan.thread_id)
    if not _fits(plan, route):
        main, _ = await context.other_sessions.read(main_session(request.agent_id, request.tenant))
        route = main.route
    return route if _fits(plan, route) else None


def _fits(plan: DeliveryPlan, route: Destination | None) -> bool:
    return route is not None and plan.channel in (LAST, route.channel)
