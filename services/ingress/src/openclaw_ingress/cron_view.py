"""A cron job and its history as `/v1/cron` shows them, in OpenClaw's field names; times in ms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from openclaw_common.store.cron_jobs import PastTick, job_id_of
from openclaw_common.store.schedule import ScheduledRecord
from openclaw_ingress.tenancy import shown


def job_object(record: ScheduledRecord) -> dict[str, Any]:
    """Return the `cron_job` object."""
    return {
        **orjson.loads(record.definition),
        "id": shown(job_id_of(record.name)),
        "object": "cron_job",
        "origin": record.origin.value,
        "enabled": record.enabled,
        "createdAtMs": record.created_ms,
        "updatedAtMs": record.updated_ms,
        "state": {
            "nextRunAtMs": record.next_ms,
            "lastRunAtMs": record.last_tick_ms,
            "lastOutcome": record.last_outcome or None,
            "lastReason": record.last_reason or None,
            "lastRunId": record.last_run_id or None,
        },
    }


def tick_object(job_id: str, tick: PastTick, statuses: Mapping[str, str]) -> dict[str, Any]:
    """Return the `cron_run` object; `statuses` are those of runs that have a record."""
    return {
        "id": tick.id,
        "object": "cron_run",
        "jobId": job_id,
        "dueAtMs": tick.tick_ms,
        "firedAtMs": tick.at_ms,
        "outcome": tick.outcome,
        "reason": tick.reason,
        "missed": tick.missed,
        "manual": tick.manual,
        "runId": tick.run_id,
        "runStatus": statuses.get(tick.run_id) if tick.run_id else None,
    }
