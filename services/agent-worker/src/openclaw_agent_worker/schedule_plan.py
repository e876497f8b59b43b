"""Brings the schedule up to date with the configuration, when a worker starts.

Whoever starts does it, once. Entries whose settings are those of the configuration stay as they
are, so that restarts move nothing; between processes with different configurations, the one that
started last has its way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import orjson

from openclaw_common.automation.cron_scheduler import CronScheduler, settings_digest
from openclaw_common.runtime.config import Config
from openclaw_common.store.cron_jobs import entry_of
from openclaw_common.store.schedule import HEARTBEAT, Origin
from openclaw_common.store.store import Store

_logger = logging.getLogger(__name__)


async def plan_schedule(
    config: Config, store: Store, cron: CronScheduler, here: Store | None = None
) -> None:
    """Put in what the configuration has and take out what it no longer has.

    Of several cells that is done for one, `here`, whose jobs `cron` has. Raises StoreUnavailable;
    may be called again.
    """
    here = here or store

    def is_here(entry: str) -> bool:
        return store.named(entry).cell == here.cell

    beating = [each for each in _beating(config) if is_here(f"{HEARTBEAT}:{each}")]
    await _remove(here, await _stray_heartbeats(beating, here))
    for agent_id in beating:
        await _put_heartbeat(config, here, agent_id)
    if not config.cron.enabled:
        return
    configured = {
        job.id: job for job in config.cron.jobs if job.id is not None and is_here(entry_of(job.id))
    }
    await _remove(
        here,
        [
            record.name
            for record in await here.cron_jobs.all()
            if record.origin is Origin.CONFIG and record.name not in map(entry_of, configured)
        ],
    )
    for job_id, job in configured.items():
        outcome = await cron.put(job_id, job, Origin.CONFIG)
        if outcome == "full":
            _logger.error("cron_job_without_room", extra={"job_id": job_id})
        elif outcome != "unchanged":
            _logger.info("cron_job_planned", extra={"job_id": job_id, "outcome": outcome})


def _beating(config: Config) -> list[str]:
    agents = config.agents
    return [each for each in agents.heartbeat_ids if agents.entries[each].heartbeat.every_ms > 0]


async def _stray_heartbeats(beating: Iterable[str], store: Store) -> Iterable[str]:
    wanted = {f"{HEARTBEAT}:{agent_id}" for agent_id in beating}
    return await store.schedule.names(HEARTBEAT) - wanted


async def _put_heartbeat(config: Config, store: Store, agent_id: str) -> None:
    heartbeat = config.agents.entries[agent_id].heartbeat
    definition = heartbeat.model_dump(by_alias=True, exclude_none=True)
    outcome = await store.schedule.put(
        f"{HEARTBEAT}:{agent_id}",
        orjson.dumps(definition),
        settings_digest(definition),
        Origin.CONFIG,
        due_ms=await store.schedule.now_ms() + heartbeat.every_ms,
    )
    if outcome != "unchanged":
        _logger.info("heartbeat_planned", extra={"agent_id": agent_id, "outcome": outcome})


async def _remove(store: Store, names: Iterable[str]) -> None:
    for name in names:
        if await store.schedule.remove(name, Origin.CONFIG) == "removed":
            _logger.info("schedule_entry_removed", extra={"entry": name})
