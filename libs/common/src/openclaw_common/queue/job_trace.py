"""The trace of a job: what its arq job carries from whoever accepts it to whoever executes it.

    send {queue} PRODUCER ─ in the arq job, beside arq's own fields ─▶ process {queue} CONSUMER

Beside arq's fields, so that a worker that knows nothing of it executes the job all the same. Later
attempts are in the same trace and link to the first, whose span id follows from the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Final, NamedTuple

from openclaw_common.contracts.errors import GatewayError, StoreUnavailable
from openclaw_common.contracts.tenants import without_tenant
from openclaw_common.runtime import tracing
from openclaw_common.runtime.propagation import TraceContext, attempt_span_id
from openclaw_common.runtime.tracing import Kind, Shared, Span, Tracer
from openclaw_common.runtime.tracing_encoding import Value
from openclaw_common.store.connections import Arg
from openclaw_common.store.lease_steps import ClaimedJob

FIELD: Final = "trace"
"""Where it stands in an arq job; arq has one-letter fields."""
QUEUES: Final[Mapping[str, str]] = {"run": "runs", "delivery": "deliveries"}
"""The name of the queue that holds a kind of job."""
_PARENT: Final = "parent"
_STATE: Final = "state"
_RUN: Final = "run"
_LINK: Final = "link"


class JobTrace(NamedTuple):
    """What a job carries: whose span it is below, the run it belongs to, what it repeats."""

    parent: TraceContext | None = None
    run_id: str = ""
    link: TraceContext | None = None

    @classmethod
    def here(cls, link: TraceContext | None = None, *, run_id: str = "") -> JobTrace:
        """Return that of a job below the current span."""
        return cls(tracing.handed_on(), run_id, link)

    @property
    def trace_id(self) -> str:
        """32 hex digits, empty where nothing is traced."""
        return self.parent.trace_id.hex() if self.parent else ""

    def fields(self) -> dict[str, Arg]:
        """Return what the record of the job says of it."""
        return {"trace_id": self.trace_id} if self.parent else {}

    def carrier(self) -> dict[str, str | bytes]:
        """Return it as an arq job holds it."""
        carried: dict[str, str | bytes] = {}
        if self.parent:
            carried[_PARENT] = self.parent.packed
            if self.parent.state:
                carried[_STATE] = self.parent.state
        if self.run_id:
            carried[_RUN] = self.run_id
        if self.link:
            carried[_LINK] = self.link.packed
        return carried

    @classmethod
    def of(cls, said: Mapping[str, object]) -> JobTrace:
        """Read it from what stands in an arq job; empty where there is none."""
        carried = said.get(FIELD)
        if not isinstance(carried, dict):
            return UNTRACED
        run_id = carried.get(_RUN)
        return cls(
            TraceContext.unpack(carried.get(_PARENT), carried.get(_STATE, "")),
            run_id if isinstance(run_id, str) else "",
            TraceContext.unpack(carried.get(_LINK)),
        )


UNTRACED: Final = JobTrace()


def first_attempt(trace_id: str | None, record_id: str) -> TraceContext | None:
    """Return the span of a job's first attempt, by the trace id in its record."""
    if not trace_id:
        return None
    trace = bytes.fromhex(trace_id)
    return TraceContext(trace, attempt_span_id(trace, record_id, 1))


@lru_cache(maxsize=2 * len(QUEUES))
def _alike(operation: str, kind: str) -> tuple[str, Shared]:
    """Return what all spans of an operation on a queue have alike: their name, and attributes."""
    queue = QUEUES[kind]
    values = {
        "messaging.system": "redis",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
    }
    return f"{operation} {queue}", Shared(values)


def start_send(kind: str, record_id: str, run_id: str, *, conversation_id: str = "") -> Span | None:
    """Start `send {queue}` below the current span, or in a trace of its own where that may be.

    It is shown with its run, and with the run that sends it; of several that a request sends each
    is shown with its own, and the request with all. Whoever starts it ends it, once the job is
    accepted.
    """
    name, shared = _alike("send", kind)
    values: dict[str, Value] = {"messaging.message.id": record_id}
    if conversation_id:
        values["gen_ai.conversation.id"] = without_tenant(conversation_id)
    if run_id:
        values["openclaw.run_id"] = run_id
    span = tracing.child_or_root(name, Kind.PRODUCER, values, shared)
    if span is not None and run_id:
        span.show_with(run_id)
    return span


class sending_run(tracing.within):
    """Be in `send runs` while a run is accepted; one that is refused is shown with no trace.

    Whether there is a run is not known where the store is away.
    """

    __slots__ = ("_run_id",)

    def __init__(self, run_id: str, conversation_id: str) -> None:
        self._run_id = run_id
        super().__init__(start_send("run", run_id, run_id, conversation_id=conversation_id))

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        refused = isinstance(error, GatewayError) and not isinstance(error, StoreUnavailable)
        if refused and self._span is not None:
            self._span.hide_from([self._run_id])
        super().__exit__(kind, error, traceback)


def not_sent(span: Span | None, instead: str) -> None:
    """Note that the job was accepted before, as `instead`, so that nothing hangs below the span."""
    if span is None:
        return
    span.hide_from([str(span.values.get("messaging.message.id"))])
    span.put({"messaging.message.id": instead, "openclaw.replayed": True})


def note_outcome(outcome: str, *, error: str = "") -> None:
    """Say how the attempt ended that the task is in the span of; with `error` that it failed.

    The first error counts, as it is the closest to what happened.
    """
    span = tracing.current()
    if span is None:
        return
    span.put({"openclaw.outcome": outcome})
    if error and not span.failed:
        span.fail(error)


class AttemptSpans:
    """Makes `process {queue}` spans for the jobs of one kind; none without a tracer."""

    def __init__(self, tracer: Tracer | None, kind: str) -> None:
        self._tracer = tracer
        self._kind = kind
        self._name, self._shared = _alike("process", kind)

    def attempt(self, job: ClaimedJob, record_id: str, trace: JobTrace) -> tracing.within:
        """Return what to enter for being in the span of one attempt."""
        tracer = self._tracer
        return tracing.within(self._start(tracer, job, record_id, trace) if tracer else None)

    def _start(self, tracer: Tracer, job: ClaimedJob, record_id: str, trace: JobTrace) -> Span:
        parent, links = trace.parent, [trace.link] if trace.link else []
        span_id = None
        if parent is not None:
            span_id = attempt_span_id(parent.trace_id, record_id, job.attempt)
            # A replayed delivery goes on counting, so it links to what it repeats alone.
            if job.attempt > 1 and (trace.link is None or self._kind == "run"):
                first = attempt_span_id(parent.trace_id, record_id, 1)
                links.append(TraceContext(parent.trace_id, first))
        run_id = record_id if self._kind == "run" else trace.run_id
        span = tracer.start(
            self._name,
            Kind.CONSUMER,
            shared=self._shared,
            parent=parent,
            links=links,
            runs=[run_id] if run_id else (),
            span_id=span_id,
        )
        span.later(partial(_attempt, job, record_id, run_id))
        return span


def _attempt(job: ClaimedJob, record_id: str, run_id: str) -> Mapping[str, Value | None]:
    told = job.attempt == 1 and job.age_ms >= 0 and job.late_ms >= 0
    return {
        "messaging.message.id": record_id,
        "openclaw.attempt": job.attempt,
        "openclaw.run_id": run_id or None,
        "openclaw.crashes": job.crashes or None,
        "openclaw.queue_wait_ms": job.late_ms if told else None,
        "openclaw.lane_wait_ms": max(0, job.age_ms - job.late_ms) if told else None,
    }
