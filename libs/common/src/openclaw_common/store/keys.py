"""Every key, with its type, life time, writer and reader. No other module spells a key.

All keys of one job and its lane carry the hash tag of their cell (`{c0}`), so that a script touches
one slot and a later split over several servers changes only the client. The table in
`docs/redis-keys.md` is held against `TABLE` by a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "openclaw"
DEFAULT_CELL: Final = "c0"
ARQ_JOB_PREFIX: Final = "arq:job:"
RUN: Final = "run"
"""The kind of job that the `runs` queue holds."""
DELIVERY: Final = "delivery"
"""The kind of job that the `deliveries` queue holds."""


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One row of the key table."""

    pattern: str
    type: str
    lifetime: str
    written_by: str
    read_by: str
    holds: str


TABLE: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "openclaw:{cell}:run:<run_id>",
        "hash",
        "until the end, then runs.retentionSeconds (dead: deadLetterRetentionSeconds)",
        "admit, claim, renew, release, finish, cancel, readers, expire",
        "ingress, worker",
        "the run record: status, attempt, request, result, error, times",
    ),
    KeySpec(
        "openclaw:{cell}:run:<run_id>:events",
        "stream",
        "until the end, then runs.streamRetentionSeconds",
        "admit, claim, publish, finish, cancel, expire",
        "ingress, worker",
        "the run stream; entry ids are <attempt>-<sequence>",
    ),
    KeySpec(
        "openclaw:{cell}:run:<run_id>:checkpoints",
        "hash",
        "until the end",
        "checkpoint",
        "worker",
        "finished steps of the run, by name",
    ),
    KeySpec(
        "openclaw:{cell}:run:lane:<session_key>",
        "list",
        "while jobs wait or run",
        "admit, claim, finish, cancel, expire",
        "admit, claim, finish, cancel, expire",
        "run ids of one session in the order of acceptance; the first is the active one",
    ),
    KeySpec(
        "openclaw:{cell}:run:queue",
        "sorted set",
        "while jobs are due or leased",
        "admit, claim, renew, release, finish, cancel, expire",
        "claim",
        "arq's queue: job id by due time or lease deadline, in ms of Redis' clock",
    ),
    KeySpec(
        "openclaw:{cell}:run:quarantine",
        "sorted set",
        "while jobs are in quarantine",
        "claim, renew, release, finish, cancel, expire",
        "claim",
        "jobs that crashed their worker repeatedly; scores as in the queue",
    ),
    KeySpec(
        "openclaw:{cell}:run:quarantine:reserved",
        "string",
        "ten times runs.leaseMs",
        "claim, release_worker",
        "claim",
        "the worker that empties itself to take a quarantined job, during the first half",
    ),
    KeySpec(
        "openclaw:{cell}:run:presence",
        "hash",
        "one day after a worker was last heard",
        "claim, renew",
        "claim, renew",
        "when a worker was last heard, and until when leases lost in a silence are left alone",
    ),
    KeySpec(
        "openclaw:{cell}:run:open",
        "sorted set",
        "while runs are not ended",
        "admit, claim, release, readers, finish, cancel, expire",
        "admit, expire",
        "ids of all runs that are not ended, by the time at which a waiting one is given up, in ms",
    ),
    KeySpec(
        "openclaw:{cell}:run:wake",
        "list",
        "at most 256 tokens",
        "admit, claim, release, finish, cancel, expire",
        "worker",
        "one token per job that became due: the blocking pop that replaces arq's poll",
    ),
    KeySpec(
        "openclaw:{cell}:run:dead",
        "sorted set",
        "runs.deadLetterRetentionSeconds after the last entry, as is each entry",
        "claim",
        "store.dead_letters",
        "run ids of dead letters by the time they died",
    ),
    KeySpec(
        "openclaw:{cell}:run:leases:<worker_id>",
        "hash",
        "one day after the last renewal",
        "claim, renew, release, finish",
        "release_worker",
        "job id → attempt of the leases that one worker process holds",
    ),
    KeySpec(
        "openclaw:{cell}:run:control:<worker_id>",
        "list",
        "one hour after the last entry",
        "cancel",
        "worker",
        "run ids whose cancellation was asked, for the worker that executes them",
    ),
    KeySpec(
        "openclaw:{cell}:run:plain:<job_id>",
        "hash",
        "one day",
        "claim, release, settle_plain",
        "claim, renew, release, settle_plain",
        "attempt and owner of an arq job that is not a run, such as a cron tick",
    ),
    KeySpec(
        "openclaw:{cell}:run:index",
        "sorted set",
        "four times the longest retention of a record after the last admission",
        "admit, terminal steps",
        "ingress",
        "ids of all runs that have a record, by the time of acceptance in ms",
    ),
    KeySpec(
        "openclaw:{cell}:run:aging",
        "sorted set",
        "four times the longest retention of a record after the last end",
        "terminal steps",
        "terminal steps",
        "ids of ended runs, by the time at which their record will be gone; clears the index",
    ),
    KeySpec(
        "openclaw:{cell}:delivery:<rest>",
        "as under run",
        "as under run, by the retention of the section deliveries",
        "as under run; also finish of a run",
        "delivery, ingress",
        "the same keys for deliveries: record, events, lane (a destination), queue, leases, …",
    ),
    KeySpec(
        "openclaw:{cell}:delivery:of:<run_id>",
        "sorted set",
        "twice the retention of dead letters after the last entry",
        "finish, admit",
        "ingress",
        "ids of the deliveries that a run caused, by the time of acceptance in ms",
    ),
    KeySpec(
        "openclaw:{cell}:pacing:<account>:<rate>",
        "string",
        "until the rate has its whole burst again, and a second",
        "pace",
        "pace",
        "when a rate of a platform has its whole burst again, in ms",
    ),
    KeySpec(
        "openclaw:{cell}:turns:<delivery_id>",
        "hash",
        "until a few seconds after the turn",
        "pace",
        "pace",
        "key of a rate → when it is this delivery's turn in it, in ms",
    ),
    KeySpec(
        "openclaw:{cell}:freeze:<account_or_destination>",
        "string",
        "what the platform asked for, and a minute",
        "freeze",
        "pace",
        "until when nothing is sent there, in ms",
    ),
    KeySpec(
        "openclaw:{cell}:account-rest:<account>",
        "hash",
        "deliveries.accountRestSeconds and a day, or until the account works again",
        "account_rest, account_gate, store.account_rest",
        "account_gate",
        "until when an account rests whose credentials were refused, with what, and who tries it",
    ),
    KeySpec(
        "openclaw:{cell}:system-events:<session_key>",
        "stream",
        "runs.systemEventRetentionSeconds after the last entry; runs.maxSystemEvents entries",
        "push_event, finish, terminal steps",
        "worker",
        "what the session's agent is told at its next turn",
    ),
    KeySpec(
        "openclaw:{cell}:schedule",
        "sorted set",
        "while something is scheduled",
        "push_event, finish, fire, schedule, reschedule, unschedule",
        "worker",
        "what the fleet is to do at a time: wakes, heartbeats, cron jobs, by due time in ms",
    ),
    KeySpec(
        "openclaw:{cell}:schedule:wake",
        "list",
        "at most 256 tokens",
        "push_event, finish, fire, schedule, reschedule",
        "worker",
        "one token per entry that became due, or is due earlier: wakes a scheduler",
    ),
    KeySpec(
        "openclaw:{cell}:scheduled:<entry>",
        "hash",
        "while the heartbeat or cron job exists",
        "schedule, reschedule, unschedule, fire",
        "worker, ingress, fire",
        "the record of heartbeat:<agent_id> or cron:<job_id>: definition, its digest, last tick",
    ),
    KeySpec(
        "openclaw:{cell}:ticks:<entry>",
        "stream",
        "cron.runHistoryRetentionSeconds after the last tick; cron.maxRunHistory entries",
        "fire",
        "ingress",
        "the history of one heartbeat or cron job: tick, outcome, run id",
    ),
    KeySpec(
        "openclaw:{cell}:cron",
        "sorted set",
        "while there are cron jobs",
        "schedule, unschedule, fire",
        "ingress, worker, schedule",
        "the cron jobs by the time they were made, in ms",
    ),
    KeySpec(
        "openclaw:{cell}:event-turn:<session_key>",
        "string",
        "one day after the last such run",
        "fire",
        "fire",
        "the run that will read the session's system events, or did",
    ),
    KeySpec(
        "openclaw:{cell}:event-turns:<agent_id>",
        "list",
        "runs.wakeFloodWindowMs or wakeSpacingMs after the last; runs.wakeFloodStarts entries",
        "fire",
        "fire",
        "when wakes and heartbeats last started runs of an agent, in ms, newest first",
    ),
    KeySpec(
        "openclaw:{cell}:idempotency:<sha256>",
        "hash",
        "until the end, then runs.idempotencySeconds or hooks.idempotencyTtlSeconds",
        "admit, claim, finish, cancel, expire",
        "admit",
        "run id and body fingerprint of one idempotency key in its scope",
    ),
    KeySpec(
        "openclaw:{cell}:reader:<read_id>",
        "stream",
        "one hour after the last entry; 1 entry",
        "admit, reader",
        "reader",
        "control entries that end one blocking read of a replica, so that it takes up a new run",
    ),
    KeySpec(
        "openclaw:{cell}:session:<session_key>",
        "hash",
        "runs.sessionRetentionSeconds after the last run",
        "finish, write_session",
        "ingress, worker",
        "the session: agent, epoch, revision, times, number of messages, the epoch's model",
    ),
    KeySpec(
        "openclaw:{cell}:transcript:<session_key>",
        "list",
        "runs.sessionRetentionSeconds after the last run",
        "finish, write_session",
        "worker",
        "the messages of the session, oldest first, as JSON",
    ),
    KeySpec(
        "openclaw:{cell}:auth-failures:<scope>:<client_ip>",
        "sorted set",
        "gateway.auth.rateLimit.windowMs",
        "auth_failure",
        "auth_failure",
        "times of failed authentications of one client",
    ),
    KeySpec(
        "openclaw:{cell}:auth-locks",
        "sorted set",
        "until the last lock ends",
        "auth_failure",
        "ingress",
        "<scope>:<client_ip> of locked out clients, by the end of the lock in ms",
    ),
    KeySpec(
        "openclaw:{cell}:provider-bench:<credential_id>",
        "string",
        "worker.providerBench…Seconds, or what the provider asked for",
        "store.provider_bench",
        "worker",
        "the error that a provider credential, named by a digest, met; it rests meanwhile",
    ),
    KeySpec(
        "arq:job:{cell}<run_id>",
        "string",
        "until the end",
        "admit",
        "claim, arq",
        "arq's own job: function name and run id, in msgpack",
    ),
)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one cell; `kind` names the sort of job for keys that both queues have."""

    cell: str = DEFAULT_CELL

    @property
    def tag(self) -> str:
        """The hash tag, braces included; the first characters of every arq job id."""
        return "{" + self.cell + "}"

    @property
    def base(self) -> str:
        """What every key of the cell starts with."""
        return f"{PREFIX}:{self.tag}:"

    def jobs(self, kind: str) -> str:
        """What every key of one kind of job starts with; scripts build the rest from it."""
        return f"{self.base}{kind}:"

    def job_id(self, record_id: str) -> str:
        """The arq job id of a run: tagged, so that arq's own keys fall into the cell's slot."""
        return self.tag + record_id

    def record_id(self, job_id: str) -> str:
        """The run id in an arq job id."""
        return job_id.removeprefix(self.tag)

    def record(self, kind: str, record_id: str) -> str:
        """The record of a job."""
        return f"{self.jobs(kind)}{record_id}"

    def events(self, kind: str, record_id: str) -> str:
        """The event stream of a job."""
        return f"{self.jobs(kind)}{record_id}:events"

    def checkpoints(self, kind: str, record_id: str) -> str:
        """The checkpoints of a job."""
        return f"{self.jobs(kind)}{record_id}:checkpoints"

    def lane(self, kind: str, lane: str) -> str:
        """The list of the jobs of a lane."""
        return f"{self.jobs(kind)}lane:{lane}"

    def queue(self, kind: str) -> str:
        """arq's sorted set."""
        return f"{self.jobs(kind)}queue"

    def quarantine(self, kind: str) -> str:
        """The sorted set of quarantined jobs."""
        return f"{self.jobs(kind)}quarantine"

    def presence(self, kind: str) -> str:
        """The hash of when a worker was last heard."""
        return f"{self.jobs(kind)}presence"

    def open(self, kind: str) -> str:
        """The sorted set of jobs that are accepted and not ended."""
        return f"{self.jobs(kind)}open"

    def wake(self, kind: str) -> str:
        """The list of wake tokens."""
        return f"{self.jobs(kind)}wake"

    def dead(self, kind: str) -> str:
        """The sorted set of dead letters."""
        return f"{self.jobs(kind)}dead"

    def leases(self, kind: str, worker_id: str) -> str:
        """The leases of one worker process."""
        return f"{self.jobs(kind)}leases:{worker_id}"

    def control(self, kind: str, worker_id: str) -> str:
        """The cancellations that one worker process is to hear of."""
        return f"{self.jobs(kind)}control:{worker_id}"

    def idempotency(self, digest: str) -> str:
        """The record of one idempotency key; `digest` is the SHA-256 of scope and key."""
        return f"{self.base}idempotency:{digest}"

    def reader(self, read_id: str) -> str:
        """The control stream of one blocking read of a replica's reader."""
        return f"{self.base}reader:{read_id}"

    def session(self, session_key: str) -> str:
        """The session record."""
        return f"{self.base}session:{session_key}"

    def transcript(self, session_key: str) -> str:
        """The transcript of a session."""
        return f"{self.base}transcript:{session_key}"

    def of_run(self, run_id: str) -> str:
        """The deliveries that a run caused."""
        return f"{self.jobs(DELIVERY)}of:{run_id}"

    def pacing(self, account: str, rate: str) -> str:
        """One rate of an account of a channel, over the whole fleet."""
        return f"{self.base}pacing:{account}:{rate}"

    def turns(self, delivery_id: str) -> str:
        """The turns that are kept for a delivery in rates."""
        return f"{self.base}turns:{delivery_id}"

    def freeze(self, scope: str) -> str:
        """The freeze of an account or of a destination."""
        return f"{self.base}freeze:{scope}"

    def account_rest(self, account: str) -> str:
        """The rest of an account of a channel."""
        return f"{self.base}account-rest:{account}"

    def index(self, kind: str) -> str:
        """The sorted set of all jobs that have a record."""
        return f"{self.jobs(kind)}index"

    def system_events(self, session_key: str) -> str:
        """The system events of a session."""
        return f"{self.base}system-events:{session_key}"

    @property
    def schedule(self) -> str:
        """What the fleet is to do at a time."""
        return f"{self.base}schedule"

    @property
    def schedule_wake(self) -> str:
        """The tokens that wake a scheduler."""
        return f"{self.base}schedule:wake"

    def scheduled(self, entry: str) -> str:
        """The record of one heartbeat or cron job."""
        return f"{self.base}scheduled:{entry}"

    def ticks(self, entry: str) -> str:
        """The history of one heartbeat or cron job."""
        return f"{self.base}ticks:{entry}"

    @property
    def cron(self) -> str:
        """All cron jobs."""
        return f"{self.base}cron"

    def event_turn(self, session_key: str) -> str:
        """The run that reads the system events of a session."""
        return f"{self.base}event-turn:{session_key}"

    def event_turns(self, agent_id: str) -> str:
        """When an agent's last turns began that nobody asked for."""
        return f"{self.base}event-turns:{agent_id}"

    def auth_failures(self, scope: str, client_ip: str) -> str:
        """The failures of one client."""
        return f"{self.base}auth-failures:{scope}:{client_ip}"

    @property
    def auth_locks(self) -> str:
        """The clients that are locked out."""
        return f"{self.base}auth-locks"

    def provider_bench(self, credential_id: str) -> str:
        """The stay of one provider credential on the bench."""
        return f"{self.base}provider-bench:{credential_id}"
