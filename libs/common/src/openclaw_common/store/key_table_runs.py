"""The rows of the key table that are of runs; those of deliveries are the same keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One row of the key table."""

    pattern: str
    type: str
    lifetime: str
    written_by: str
    read_by: str
    holds: str


RUN_ROWS: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "openclaw:{cell}:run:<run_id>",
        "hash",
        "until the end, then runs.retentionSeconds (dead: deadLetterRetentionSeconds)",
        "admit, claim, renew, release, finish, cancel, readers, expire",
        "ingress, worker",
        "the run record: status, attempt, request, result, error, times, facts of a response",
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
        "openclaw:{cell}:run:<run_id>:messages",
        "list",
        "as the run record",
        "admit",
        "worker",
        "the messages that a run with the strategy collect holds, as JSON, oldest first",
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
        "until the record of each is gone",
        "admit, expire, purge_runs",
        "ingress",
        "ids of all runs that have a record, by the time of acceptance in ms",
    ),
    KeySpec(
        "openclaw:{cell}:run:by:session:<session_key>",
        "sorted set",
        "until the record of each is gone",
        "admit, expire, purge_runs",
        "ingress, purge_runs",
        "ids of the runs of one session, by the time of acceptance in ms",
    ),
    KeySpec(
        "openclaw:{cell}:run:by:tenant:<tenant>",
        "sorted set",
        "until the record of each is gone",
        "admit, expire, purge_runs",
        "ingress",
        "ids of the runs of one tenant, by the time of acceptance in ms",
    ),
    KeySpec(
        "openclaw:{cell}:run:by:status:<status>",
        "sorted set",
        "until the record of each is gone",
        "terminal steps, expire, purge_runs",
        "ingress",
        "the same of the runs that failed, expired or were cancelled",
    ),
    KeySpec(
        "openclaw:{cell}:run:by:metadata:<name>=<value>",
        "sorted set",
        "until the record of each is gone",
        "admit, expire, purge_runs",
        "ingress",
        "the same of the runs with one piece of metadata",
    ),
    KeySpec(
        "openclaw:{cell}:run:session.<session_key>:events",
        "stream",
        "while the session is followed, and two minutes; 1000 entries",
        "store.session_feed, admit, terminal steps, write_session, reset_session, delete_session",
        "ingress",
        "what happens in a session: runs accepted, messages written, a reset, its end",
    ),
    KeySpec(
        "openclaw:{cell}:run:aging",
        "sorted set",
        "until the record of each is gone",
        "terminal steps, expire, purge_runs",
        "expire",
        "ended runs and the sets that list them, by the time at which their record will be gone",
    ),
)
