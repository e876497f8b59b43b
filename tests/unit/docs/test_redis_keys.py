"""docs/redis-keys.md is the table of store/key_table.py, row by row."""

from __future__ import annotations

import re
from dataclasses import astuple
from pathlib import Path

from openclaw_common.store import scripts
from openclaw_common.store.key_table import TABLE
from openclaw_common.store.keys import ARQ_JOB_PREFIX, CELLS_HERE, DELIVERY, RUN, Keys

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "redis-keys.md"


def test_every_key_of_the_code_is_a_row_of_the_document_and_the_other_way_round() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    cells = [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]
    assert cells == [list(astuple(spec)) for spec in TABLE]


def test_every_key_the_code_can_make_has_a_row() -> None:
    keys = Keys(cell="cell")
    made = [
        keys.record(RUN, "<run_id>"),
        keys.events(RUN, "<run_id>"),
        keys.checkpoints(RUN, "<run_id>"),
        keys.messages("<run_id>"),
        keys.runs_by("session", "<session_key>"),
        keys.runs_by("tenant", "<tenant>"),
        keys.runs_by("status", "<status>"),
        keys.runs_by("metadata", "<name>=<value>"),
        keys.session_feed("<session_key>"),
        keys.sessions,
        keys.lane(RUN, "<session_key>"),
        keys.queue(RUN),
        keys.quarantine(RUN),
        keys.quarantine(RUN) + ":reserved",
        keys.presence(RUN),
        keys.open(RUN),
        keys.wake(RUN),
        keys.dead(RUN),
        keys.leases(RUN, "<worker_id>"),
        keys.control(RUN, "<worker_id>"),
        keys.jobs(RUN) + "plain:<job_id>",
        keys.index(RUN),
        keys.jobs(RUN) + "aging",
        keys.cells,
        keys.outbox("<cell>"),
        keys.outbox_wake,
        keys.arrived,
        keys.tenant("<tenant>"),
        keys.jobs(DELIVERY) + "<rest>",
        keys.of_run("<run_id>"),
        keys.pacing("<account>", "<rate>"),
        keys.turns("<delivery_id>"),
        keys.freeze("<account_or_destination>"),
        keys.account_rest("<account>"),
        keys.inbound_seen("<sha256>"),
        keys.inbound_history("<session_key>"),
        keys.pairing_requests,
        keys.pairings,
        keys.receiver("<account>"),
        keys.receiver_holders,
        keys.receiver_processes,
        keys.system_events("<session_key>"),
        keys.schedule,
        keys.schedule_wake,
        keys.scheduled("<entry>"),
        keys.ticks("<entry>"),
        keys.cron,
        keys.event_turn("<session_key>"),
        keys.event_turns("<agent_id>"),
        keys.live,
        keys.live_wake,
        keys.live_run("<run_id>"),
        keys.trace("<run_id>"),
        keys.idempotency("<sha256>"),
        keys.reader("<read_id>"),
        keys.session("<session_key>"),
        keys.transcript("<session_key>"),
        keys.auth_failures("<scope>", "<client_ip>"),
        keys.auth_locks,
        keys.provider_bench("<credential_id>"),
        keys.api_keys,
        keys.api_key_digests,
        keys.api_key_revision,
        keys.api_key_usage("<key_id>"),
        keys.runs_of_key("<key_id>"),
        keys.parked("<key_id>"),
        keys.shares,
        keys.tenant_turns,
        keys.held("<tenant>"),
        ARQ_JOB_PREFIX + keys.job_id("<run_id>"),
        CELLS_HERE,
    ]
    assert sorted(made) == sorted(spec.pattern for spec in TABLE)


def test_scripts_build_only_keys_that_have_a_row() -> None:
    """A suffix that a script appends to its base must end a pattern of the table."""
    patterns = [spec.pattern for spec in TABLE]
    for name in (*scripts.JOB_SCRIPTS, *scripts.OTHER_SCRIPTS, *scripts.SHARED):
        for suffix in re.findall(r"\.\. '(:?[a-z:]+)'", scripts.source(name)):
            assert any(suffix in pattern for pattern in patterns), (name, suffix)
