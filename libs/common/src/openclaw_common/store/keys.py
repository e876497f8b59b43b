"""Every key. No other module spells one but `key_table`, which says what each is.

All keys of one job and its lane carry the hash tag of their cell (`{c0}`), so that a script touches
one slot and a later split over several servers changes only the client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "openclaw"
DEFAULT_CELL: Final = "c0"
ARQ_JOB_PREFIX: Final = "arq:job:"
CELLS_HERE: Final = "openclaw:cells-here"
"""The set of the cells that are in one database, by their places; the one key that is no cell's."""
RUN: Final = "run"
"""The kind of job that the `runs` queue holds."""
DELIVERY: Final = "delivery"
"""The kind of job that the `deliveries` queue holds."""
_FEED: Final = "session."


def feed_id(session_key: str) -> str:
    """Return the name under which a reader of run streams follows a session's feed."""
    return f"{_FEED}{session_key}"


def followed_session(followed: str) -> str | None:
    """Return the session whose feed a name of `feed_id` follows, None for the id of a run."""
    return followed.removeprefix(_FEED) if followed.startswith(_FEED) else None


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one cell; `kind` names the sort of job for keys that both queues have."""

    cell: str = DEFAULT_CELL

    @property
    def number(self) -> int:
        """The place of the cell among all cells, from 0."""
        return int(self.cell.removeprefix("c"))

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

    def messages(self, record_id: str) -> str:
        """The messages that a run collected while it waited."""
        return f"{self.jobs(RUN)}{record_id}:messages"

    def runs_by(self, what: str, value: str) -> str:
        """The runs of one session, of one status or with one piece of metadata."""
        return f"{self.jobs(RUN)}by:{what}:{value}"

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

    @property
    def cells(self) -> str:
        """Over how many cells lanes are spread."""
        return f"{self.base}cells"

    def outbox(self, cell: str) -> str:
        """What another cell is to have."""
        return f"{self.base}outbox:{cell}"

    @property
    def outbox_wake(self) -> str:
        """The tokens that wake whoever empties the outboxes."""
        return f"{self.base}outbox:wake"

    @property
    def arrived(self) -> str:
        """How far the outboxes of other cells were taken in."""
        return f"{self.base}arrived"

    def tenant(self, tenant: str) -> str:
        """The mark of a tenant that has a session here."""
        return f"{self.base}tenant:{tenant}"

    def idempotency(self, digest: str) -> str:
        """The record of one idempotency key; `digest` is the SHA-256 of scope and key."""
        return f"{self.base}idempotency:{digest}"

    def reader(self, read_id: str) -> str:
        """The control stream of one blocking read of a replica's reader."""
        return f"{self.base}reader:{read_id}"

    @property
    def sessions(self) -> str:
        """All sessions by the time of their last write."""
        return f"{self.base}sessions"

    def session_feed(self, session_key: str) -> str:
        """The stream that tells who follows a session what happens in it."""
        return self.events(RUN, feed_id(session_key))

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

    @property
    def live(self) -> str:
        """What is shown of runs that are executed."""
        return f"{self.base}live"

    @property
    def live_wake(self) -> str:
        """The tokens that wake whoever shows runs."""
        return f"{self.base}live:wake"

    def live_run(self, run_id: str) -> str:
        """Where a run is shown, and how."""
        return f"{self.base}live:run:{run_id}"

    def trace(self, run_id: str) -> str:
        """The spans of a run."""
        return f"{self.base}trace:{run_id}"

    def auth_failures(self, scope: str, client_ip: str) -> str:
        """The failures of one client."""
        return f"{self.base}auth-failures:{scope}:{client_ip}"

    @property
    def auth_locks(self) -> str:
        """The clients that are locked out."""
        return f"{self.base}auth-locks"

    @property
    def api_keys(self) -> str:
        """The named API keys."""
        return f"{self.base}api-keys"

    @property
    def api_key_digests(self) -> str:
        """Which API key has a digest."""
        return f"{self.base}api-key-digests"

    @property
    def api_key_revision(self) -> str:
        """The number of changes to the API keys so far."""
        return f"{self.base}api-key-revision"

    def api_key_usage(self, key_id: str) -> str:
        """What one API key has used of its limits."""
        return f"{self.base}api-key-usage:{key_id}"

    def runs_of_key(self, key_id: str) -> str:
        """The open runs of an API key with limits."""
        return f"{self.jobs(RUN)}of-key:{key_id}"

    def parked(self, key_id: str) -> str:
        """The runs that wait for another of their key to leave off."""
        return f"{self.jobs(RUN)}parked:{key_id}"

    @property
    def shares(self) -> str:
        """How far the tenants are that take turns."""
        return f"{self.jobs(RUN)}shares"

    @property
    def tenant_turns(self) -> str:
        """The run of each waiting tenant that is in the queue."""
        return f"{self.jobs(RUN)}turns"

    def held(self, tenant: str) -> str:
        """The runs of a tenant that wait for its turn."""
        return f"{self.jobs(RUN)}held:{tenant}"

    def provider_bench(self, credential_id: str) -> str:
        """The stay of one provider credential on the bench."""
        return f"{self.base}provider-bench:{credential_id}"

    def inbound_seen(self, digest: str) -> str:
        """The mark of one event of a platform that is no run."""
        return f"{self.base}inbound-seen:{digest}"

    def inbound_history(self, session_key: str) -> str:
        """What was written in a group without meaning the agent."""
        return f"{self.base}inbound-history:{session_key}"

    @property
    def pairing_requests(self) -> str:
        """The strangers that wait to be let in."""
        return f"{self.base}pairing-requests"

    @property
    def pairings(self) -> str:
        """Who was let in."""
        return f"{self.base}pairings"

    def receiver(self, account: str) -> str:
        """Who receives for an account, and how far it is."""
        return f"{self.base}receiver:{account}"

    @property
    def receiver_holders(self) -> str:
        """Which process holds which account."""
        return f"{self.base}receiver-holders"

    @property
    def receiver_processes(self) -> str:
        """The processes that receive."""
        return f"{self.base}receivers"
