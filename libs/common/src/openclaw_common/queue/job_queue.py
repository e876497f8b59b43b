"""The two queues from outside: `submit` a request, get a durable run or delivery.

An arq job carries the function's name and the run id, in arq's own job layout, packed with msgpack
(arq's default would unpickle whatever stands in Redis); everything of value is in the run record.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import msgpack
import orjson
from arq.jobs import serialize_job

from openclaw_common.contracts.delivery import (
    DEFAULT_ACCOUNT,
    LAST,
    WEBHOOK,
    DeliveryRequest,
    Destination,
    run_event_request,
)
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import (
    agent_of,
    cell_of,
    in_cell,
    new_delivery_id,
    new_run_id,
)
from openclaw_common.contracts.multitask import (
    Debounce,
    MultitaskRule,
    can_collect,
    common_of,
    debounce_of,
    message_of,
)
from openclaw_common.contracts.run import DeliveryPlan, RunRequest, RunStatus
from openclaw_common.contracts.tenants import tenant_of
from openclaw_common.queue.accounts import current_account
from openclaw_common.queue.job_trace import (
    FIELD,
    UNTRACED,
    JobTrace,
    not_sent,
    sending_run,
    start_send,
)
from openclaw_common.runtime import tracing
from openclaw_common.runtime.propagation import TraceContext
from openclaw_common.store.admission import (
    Admitted,
    Collecting,
    Idempotency,
    Multitask,
    Replayed,
)
from openclaw_common.store.connections import Arg
from openclaw_common.store.effects import FailureReport, NewDelivery
from openclaw_common.store.job_store import JobStore
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_common.store.schedule import NewRun
from openclaw_common.store.store import Store

__all__ = [
    "DELIVER",
    "EXECUTE_RUN",
    "Admitted",
    "DeliveryQueue",
    "Idempotency",
    "Replayed",
    "RunQueue",
    "arq_job",
    "pack",
    "unpack",
]

EXECUTE_RUN: Final = "execute_run"
"""The name of the job function that executes a run."""
DELIVER: Final = "deliver"
"""The name of the job function that executes a delivery."""
WAIT: Final = MultitaskRule()
"""A run waits for those before it in its session."""
FAILURE_NOTICE: Final = "The agent could not complete this request ({run_id})."
"""What whoever waits for a result is told when there is none."""


def pack(value: Any) -> bytes:
    """arq's job serializer: msgpack."""
    packed: bytes = msgpack.packb(value, use_bin_type=True, default=repr)
    return packed


def unpack(raw: bytes) -> Any:
    """arq's job deserializer: msgpack; raises ValueError for anything else."""
    return msgpack.unpackb(raw, raw=False)


def arq_job(function: str, record_id: str, trace: JobTrace = UNTRACED) -> bytes:
    """Return the packed arq job that calls `function` with the id of its record."""
    now_ms = time.time_ns() // 1_000_000

    def packed(fields: dict[str, Any]) -> bytes:
        carried = trace.carrier()
        return pack({**fields, FIELD: carried} if carried else fields)

    job: bytes = serialize_job(function, (record_id,), {}, None, now_ms, serializer=packed)
    return job


class RunQueue:
    """Admits runs into the `runs` queue."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def submit(
        self,
        run_id: str,
        request: RunRequest,
        *,
        idempotency: Idempotency | None = None,
        reader: RunStreamReader | None = None,
        on_disconnect: str = "continue",
        retry_of: str = "",
        record: Mapping[str, Arg] | None = None,
        rule: MultitaskRule = WAIT,
        metadata: Mapping[str, str] | None = None,
        repeats: TraceContext | None = None,
    ) -> Admitted | Replayed:
        """Accept a run; when this returns, it is in Redis whole.

        `reader` follows the run for the caller, who counts as its first reader; with
        `on_disconnect="cancel"` the run is cancelled once all readers have been away for the
        disconnect grace. `retry_of` is the run that this one repeats, `repeats` that one's span;
        `record` are further fields of its record, `metadata` what it is found by. `rule` says what
        is done while the session is busy. The run becomes that of the account on which the task
        acts, and counts against its limits. Raises IdempotencyConflict, QueueFull, SessionBusy,
        StoreUnavailable, AgentNotAllowed, RateLimited.
        """
        account = current_account()
        request = account.own(request)
        if idempotency is not None and request.tenant:
            scope = f"tenant\n{request.tenant}\n{idempotency.scope}"
            idempotency = replace(idempotency, scope=scope)
        joins = can_collect(request)
        if rule.strategy in ("reject", "interrupt") or (rule.strategy == "collect" and joins):
            request = replace(request, multitask_strategy=rule.strategy)
        debounce = debounce_of(request, rule)
        if debounce is not None:
            request = replace(request, debounced=True)
        store = await self._store.at(request.session_key)
        placed_id = in_cell(run_id, store.cell)
        if reader is not None and placed_id != run_id:
            # The session went to another cell since `new_run_id`, and the reader waits in vain.
            raise StoreUnavailable
        run_id = placed_id
        with sending_run(run_id, request.session_key) as sending:
            trace = JobTrace.here(repeats)
            admitting = partial(
                store.admission.admit,
                run_id,
                request.session_key,
                arq_job(EXECUTE_RUN, run_id, trace),
                {
                    **self._fields(run_id, request),
                    **trace.fields(),
                    "on_disconnect": on_disconnect,
                    "readers": 1 if reader else 0,
                    "idempotency_key": idempotency.key if idempotency and not retry_of else "",
                    **({"retry_of": retry_of} if retry_of else {}),
                    **({"metadata": orjson.dumps(dict(metadata))} if metadata else {}),
                    **(record or {}),
                },
                idempotency=idempotency,
                reader_control=reader.control_of(run_id) if reader else "",
                delay_ms=debounce.quiet_ms if debounce else 0,
                multitask=_multitask(request, rule, debounce),
                account=account.charge(),
            )
            outcome = await _once(self._store, store.run_jobs, idempotency, admitting)
            if isinstance(outcome, Replayed):
                not_sent(sending, outcome.id)
            return outcome

    async def new_run_id(self, session_key: str) -> str:
        """Return an id for a run of a session that the current account names.

        Raises StoreUnavailable.
        """
        own = session_key if tenant_of(session_key) else current_account().stored(session_key)
        return new_run_id((await self._store.at(own)).cell)

    async def prepare_placed(self, run_id: str, request: RunRequest) -> NewRun:
        """Return a run like `prepare`, its id that of the cell of its session."""
        cell = (await self._store.at(request.session_key)).cell
        return self.prepare(in_cell(run_id, cell), request)

    def prepare(self, run_id: str, request: RunRequest) -> NewRun:
        """Return a run that the schedule accepts when it is due."""
        sending = start_send("run", run_id, run_id, conversation_id=request.session_key)
        with tracing.through(sending):
            trace = JobTrace.here()
            fields = {
                **self._fields(run_id, request),
                **trace.fields(),
                "on_disconnect": "continue",
                "readers": 0,
                "idempotency_key": "",
            }
        flat = tuple(item for pair in fields.items() for item in pair)
        job = arq_job(EXECUTE_RUN, run_id, trace)
        return NewRun(run_id, request.session_key, job, flat, sending)

    def _fields(self, run_id: str, request: RunRequest) -> dict[str, Arg]:
        return {
            "payload": request.encode(),
            "agent_id": request.agent_id,
            "source": request.source,
            "model": request.model,
            "stream": int(request.stream),
            "include_usage": int(request.include_usage),
            **({"tenant": request.tenant} if request.tenant else {}),
            **({"delivers": 1} if request.delivery else {}),
            **(
                {"strategy": request.multitask_strategy}
                if request.multitask_strategy != "enqueue"
                else {}
            ),
            **self._owed(run_id, request).fields(),
        }

    def _owed(self, run_id: str, request: RunRequest) -> FailureReport:
        """Return what the run causes if it fails, also without a worker to say so.

        Whom its result was for is told so; where nobody was named, the session that would have
        heard of it.
        """
        plan, announce = request.delivery, request.announce
        if plan is not None and plan.to is not None and plan.channel != LAST:
            destination = Destination(
                plan.channel, plan.to, plan.account_id or DEFAULT_ACCOUNT, plan.thread_id
            )
            notice = _failure_notice(destination, run_id, request, plan)
            # Nothing is sent yet, so it has no span of its own.
            notice_id = new_delivery_id(self._store.to(destination.lane).cell)
            trace = JobTrace.here(run_id=run_id)
            return FailureReport(notice=_new_delivery(notice, trace, notice_id))
        if announce is None:
            return FailureReport()
        events = self._store.system_events
        agent_id = agent_of(announce.session_key) or request.agent_id
        return FailureReport(
            event=events.new(announce.session_key, agent_id, announce.label, wake=announce.wake)
        )


def _multitask(request: RunRequest, rule: MultitaskRule, debounce: Debounce | None) -> Multitask:
    if not request.holds_several:
        return Multitask(request.multitask_strategy)
    message, max_ms = message_of(request), debounce.max_ms if debounce else 0
    if request.multitask_strategy == "collect":
        collecting = Collecting(common_of(request), message, rule.cap, rule.drop)
        return Multitask("collect", collecting, max_ms)
    sender, cap = (debounce.sender, debounce.cap) if debounce else ("", rule.cap)
    collecting = Collecting(common_of(request, sender), message, cap, rule.drop)
    return Multitask(request.multitask_strategy, collecting, max_ms)


def _failure_notice(
    destination: Destination, run_id: str, request: RunRequest, plan: DeliveryPlan
) -> DeliveryRequest:
    if destination.channel == WEBHOOK:
        run = {"id": run_id, "agent_id": request.agent_id, "session_key": request.session_key}
        return run_event_request(destination, RunStatus.FAILED, run, "notice")
    return DeliveryRequest(
        destination,
        FAILURE_NOTICE.format(run_id=run_id),
        run_id=run_id,
        session_key=request.session_key,
        agent_id=request.agent_id,
        source="notice",
        reply_to=plan.reply_to,
    )


async def _once(
    store: Store,
    jobs: JobStore,
    idempotency: Idempotency | None,
    admitting: Callable[[], Awaitable[Admitted | Replayed]],
) -> Admitted | Replayed:
    """Admit a job, unless its idempotency key stands for one in another cell."""
    known: Admitted | Replayed | None = await store.known_job(jobs, idempotency)
    while known is None:
        known = await admitting()
        if isinstance(known, Replayed) and not known.id:
            known = await store.known_job(jobs, idempotency, again=True)
    return known


def _new_delivery(request: DeliveryRequest, trace: JobTrace, delivery_id: str) -> NewDelivery:
    job = arq_job(DELIVER, delivery_id, trace)
    return NewDelivery(delivery_id, request, job, trace.trace_id)


class DeliveryQueue:
    """Admits deliveries into the `deliveries` queue."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def prepare(self, request: DeliveryRequest) -> NewDelivery:
        """Return a delivery that `Lease.finish` or a failed run brings into being."""
        cell, run_id = self._store.to(request.destination.lane).cell, request.run_id or ""
        delivery_id = new_delivery_id(cell)
        with tracing.within(start_send("delivery", delivery_id, run_id)):
            return _new_delivery(request, JobTrace.here(run_id=run_id), delivery_id)

    async def submit(
        self, request: DeliveryRequest, *, idempotency: Idempotency | None = None
    ) -> Admitted | Replayed:
        """Accept a delivery now. Raises IdempotencyConflict, QueueFull, StoreUnavailable."""
        new = self.prepare(request)
        jobs, run_id = self._store.to(new.lane).delivery_jobs, request.run_id or ""
        admitting = partial(
            jobs.admission.admit,
            new.id,
            new.lane,
            new.arq_job,
            new.fields(),
            idempotency=idempotency,
            parent=run_id,
        )
        outcome = await _once(self._store, jobs, idempotency, admitting)
        if isinstance(outcome, Admitted) and run_id and cell_of(run_id) != jobs.keys.number:
            await self._store.of(run_id).run_deliveries.note(
                run_id, outcome.id, outcome.created_ms, jobs.scripts.retention.dead_letter_ms
            )
        return outcome
