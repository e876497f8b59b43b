"""Every instrument of the gateway: name, unit, labels, buckets.

Names are those of OpenTelemetry's conventions (HTTP 1.30, GenAI 1.41:
https://opentelemetry.io/docs/specs/semconv/) and OpenClaw's where one of them has it, else
`openclaw.…` in the same manner. Prometheus shows them with underscores and the unit behind
(`openclaw_run_duration_seconds`). docs/metrics.md shows this table; a test holds them together.

Label values are bounded: agents, models and channels are those of the configuration, routes are
templates, and whatever else appears is `other`. Tenants, sessions and runs are no labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["counter", "histogram", "gauge"]

REQUEST_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
SHORT_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
GENAI_S: Final = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
LONG_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument; `labels` are the names of the values that a measurement comes with.

    `unit` is UCUM's: `s`, `By`, `USD`, or an annotation such as `{run}` for a number of things.
    `buckets` are the upper bounds of a histogram, in `unit`. `limit` is how many combinations of
    labels are told apart; further ones are counted together as `other`.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = field(default=(), repr=False)
    limit: int = 500

    @property
    def prometheus(self) -> str:
        """Its name in Prometheus, without what a histogram's series add."""
        parts = [self.name.replace(".", "_")]
        unit = {"s": "seconds", "By": "bytes"}.get(self.unit)
        if unit and not parts[0].endswith(unit):
            parts.append(unit)
        return "_".join([*parts, "total"] if self.kind == "counter" else parts)


# ---- the ingress

HTTP_DURATION: Final = Instrument(
    "http.server.request.duration",
    "histogram",
    "s",
    "From a request's head to the end of its answer, streams included",
    ("http.request.method", "http.route", "http.response.status_code"),
    REQUEST_S,
)
HTTP_ACTIVE: Final = Instrument(
    "http.server.active_requests", "gauge", "{request}", "Requests that are being answered"
)
CONNECTIONS: Final = Instrument(
    "openclaw.http.connections", "gauge", "{connection}", "Open client connections"
)
STREAMS: Final = Instrument(
    "openclaw.stream.active", "gauge", "{stream}", "Answers that are being streamed"
)
FIRST_TOKEN: Final = Instrument(
    "openclaw.stream.time_to_first_token",
    "histogram",
    "s",
    "From a request's head to the first text of its streamed answer",
    ("http.route",),
    GENAI_S,
)
STREAMS_CUT: Final = Instrument(
    "openclaw.stream.broken_off",
    "counter",
    "{stream}",
    "Streams that broke off because the client was too slow or Redis stayed away",
    ("reason",),
)
READER_RUNS: Final = Instrument(
    "openclaw.reader.following", "gauge", "{run}", "Runs that this replica's reader follows"
)
READER_BUFFERED: Final = Instrument(
    "openclaw.reader.buffered", "gauge", "By", "Events that were read and wait for slow clients"
)
READER_LAG: Final = Instrument(
    "openclaw.reader.lag",
    "gauge",
    "s",
    "How long the oldest event that was read has waited for its client",
)
RATE_LIMITED: Final = Instrument(
    "openclaw.rate_limited",
    "counter",
    "{request}",
    "What was told to come back later: requests here (429, 503), deliveries by their platform",
    ("where", "reason"),
)
WEBHOOK_RECEIVED: Final = Instrument(
    "openclaw.webhook.received",
    "counter",
    "{webhook}",
    "Webhooks by what became of them",
    ("webhook", "outcome"),
)
WEBHOOK_ERROR: Final = Instrument(
    "openclaw.webhook.error", "counter", "{webhook}", "Webhooks that were not taken", ("webhook",)
)
WEBHOOK_DURATION: Final = Instrument(
    "openclaw.webhook.duration",
    "histogram",
    "s",
    "From a webhook's head to the end of its answer",
    ("webhook",),
    SHORT_S,
)

# ---- both queues; `queue` is runs or deliveries

ATTEMPTS: Final = Instrument(
    "openclaw.queue.attempts",
    "counter",
    "{attempt}",
    "Attempts that began; a job's first one is `first`, each other `again`",
    ("queue", "attempt"),
)
QUEUE_WAIT: Final = Instrument(
    "openclaw.queue.wait",
    "histogram",
    "s",
    "From a job's acceptance to its first attempt, its wait in the lane included",
    ("queue",),
    LONG_S,
)
LEASES_LOST: Final = Instrument(
    "openclaw.queue.leases_lost",
    "counter",
    "{lease}",
    "Leases that were lost while their job was executed",
    ("queue",),
)
EXECUTING: Final = Instrument(
    "openclaw.queue.executing", "gauge", "{job}", "Jobs that this process executes", ("queue",)
)
SLOTS: Final = Instrument(
    "openclaw.queue.slots",
    "gauge",
    "{job}",
    "Jobs that this process may execute at once",
    ("queue",),
)
QUEUE_DEPTH: Final = Instrument(
    "openclaw.queue.depth",
    "gauge",
    "{job}",
    "Of the whole fleet: `open` jobs (accepted and not ended), of which some are `due` for a "
    "worker, `held` by one or set for later, `behind` others, `quarantined`",
    ("queue", "state", "cell"),
)
QUEUE_AGE: Final = Instrument(
    "openclaw.queue.oldest",
    "gauge",
    "s",
    "Of the whole fleet: how long the job has been due that is due for longest",
    ("queue", "cell"),
)
DEAD_LETTERS: Final = Instrument(
    "openclaw.queue.dead_letters",
    "gauge",
    "{job}",
    "Of the whole fleet: dead letters that are kept",
    ("queue", "cell"),
)
ENDED_KEPT: Final = Instrument(
    "openclaw.run.kept",
    "gauge",
    "{run}",
    "Of the whole fleet: kept runs that did not complete, by status",
    ("status", "cell"),
)

# ---- runs

RUN_COMPLETED: Final = Instrument(
    "openclaw.run.completed",
    "counter",
    "{run}",
    "Attempts at runs that ended: completed, failed, cancelled, superseded; `released` goes on",
    ("status", "agent", "source"),
)
RUN_DURATION: Final = Instrument(
    "openclaw.run.duration",
    "histogram",
    "s",
    "One attempt at a run, from its lease to its end",
    ("status", "agent"),
    LONG_S,
)
MODEL_DURATION: Final = Instrument(
    "gen_ai.client.operation.duration",
    "histogram",
    "s",
    "One request to a model, to the end of its answer; `error.type` is the status it failed with",
    ("gen_ai.provider.name", "gen_ai.request.model", "error.type"),
    GENAI_S,
)
FIRST_CHUNK: Final = Instrument(
    "gen_ai.client.operation.time_to_first_chunk",
    "histogram",
    "s",
    "From a request to a model to the first piece of its answer",
    ("gen_ai.provider.name", "gen_ai.request.model"),
    GENAI_S,
)
CHUNK_GAP: Final = Instrument(
    "gen_ai.client.operation.time_per_output_chunk",
    "histogram",
    "s",
    "Mean time between the pieces of one answer of a model",
    ("gen_ai.provider.name", "gen_ai.request.model"),
    SHORT_S,
)
MODEL_CALLS: Final = Instrument(
    "openclaw.model.call",
    "counter",
    "{request}",
    "Requests to models: ok, error, cancelled",
    ("provider", "model", "outcome"),
)
TOKENS: Final = Instrument(
    "openclaw.model.tokens",
    "counter",
    "{token}",
    "Tokens by what they were: input (cached ones included), output, cache_read, reasoning",
    ("provider", "model", "token_type"),
)
COST: Final = Instrument(
    "openclaw.cost.usd",
    "counter",
    "USD",
    "What requests to models cost by the prices of the configuration",
    ("provider", "model"),
)
TOOL_CALLS: Final = Instrument(
    "openclaw.tool.call",
    "counter",
    "{call}",
    "Calls of our tools: ok, error, timeout, refused",
    ("tool", "outcome"),
)
TOOL_DURATION: Final = Instrument(
    "openclaw.tool.duration", "histogram", "s", "One call of a tool of ours", ("tool",), GENAI_S
)

# ---- deliveries

DELIVERIES: Final = Instrument(
    "openclaw.message.delivery",
    "counter",
    "{attempt}",
    "Attempts at deliveries, by how they ended: delivered, released (goes on later), failed, dead, "
    "unknown, suppressed, cancelled",
    ("channel", "outcome"),
)
DELIVERY_DURATION: Final = Instrument(
    "openclaw.message.delivery.duration",
    "histogram",
    "s",
    "One attempt at a delivery",
    ("channel",),
    LONG_S,
)
PLATFORM_FAILURES: Final = Instrument(
    "openclaw.message.delivery.failures",
    "counter",
    "{failure}",
    "What chat platforms answered in place of a receipt, by kind",
    ("channel", "kind"),
)

# ---- what comes in from chats; in the ingress (webhooks) and the delivery service (connections)

INBOUND: Final = Instrument(
    "openclaw.message.inbound",
    "counter",
    "{message}",
    "Messages from chat platforms by what became of them; a repeat counts again",
    ("channel", "outcome"),
)
RECEIVERS_HELD: Final = Instrument(
    "openclaw.receiver.held", "gauge", "{account}", "Accounts that this process receives for"
)
RECEIVER_FAILURES: Final = Instrument(
    "openclaw.receiver.failures",
    "counter",
    "{failure}",
    "Connections of accounts that ended or were refused, by kind",
    ("channel", "kind"),
)

# ---- the process

LOOP_LAG: Final = Instrument(
    "openclaw.event_loop.lag",
    "histogram",
    "s",
    "How much later than asked the event loop called back, ten times a second",
    buckets=SHORT_S,
)
REDIS_LATENCY: Final = Instrument(
    "openclaw.redis.latency",
    "histogram",
    "s",
    "From asking Redis to its answer, tried once a second behind whatever else is asked",
    ("cell",),
    SHORT_S,
)
REDIS_ERRORS: Final = Instrument(
    "openclaw.redis.errors", "counter", "{request}", "Such tries without an answer", ("cell",)
)
PROCESS_CPU: Final = Instrument(
    "process.cpu.time", "counter", "s", "CPU time of the process, user and system"
)
PROCESS_MEMORY: Final = Instrument(
    "process.memory.usage", "gauge", "By", "Resident memory of the process"
)
STARTED: Final = Instrument(
    "openclaw.process.start_time", "gauge", "s", "When the process started, in Unix seconds"
)

INSTRUMENTS: Final = tuple(value for value in vars().values() if isinstance(value, Instrument))
"""All of them, in the order of this module."""
