"""Words for tests of the schedule: put something in, let it become due, look at what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import redis.asyncio

from openclaw_agent_worker.schedule_plan import plan_schedule
from openclaw_agent_worker.scheduler import Scheduler
from openclaw_common.automation.cron_scheduler import CronScheduler
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.cron import CronJob
from openclaw_common.store.cron_jobs import PastTick
from openclaw_common.store.keys import RUN
from openclaw_common.store.leases import Lease
from openclaw_common.store.schedule import Origin
from openclaw_common.store.store import Store

MAIN = "agent:main:main"
ROUTE = Destination("telegram", "42")
HOURLY = {"kind": "every", "everyMs": 3_600_000}
TURN = {"kind": "agentTurn", "message": "hello"}


def job(**fields: Any) -> CronJob:
    """An hourly agent turn; other fields as given."""
    return CronJob.model_validate({"schedule": HOURLY, "payload": TURN, **fields})


@dataclass(frozen=True)
class Bench:
    """A scheduler that fires when it is told to look."""

    config: Config
    store: Store
    redis: redis.asyncio.Redis

    @property
    def cron(self) -> CronScheduler:
        return CronScheduler(self.config, self.store)

    def scheduler(self) -> Scheduler:
        """One more scheduler of the fleet."""
        return Scheduler(self.config, self.store)

    async def look(self) -> None:
        """Fire what is due."""
        await self.scheduler().look()

    async def plan(self) -> None:
        """Do what a worker does first."""
        await plan_schedule(self.config, self.store, self.cron)

    async def put(self, job_id: str = "j", **fields: Any) -> None:
        """Make a job as the API does."""
        assert await self.cron.put(job_id, job(**fields), Origin.API, new=True) == "created"

    async def due(self, entry: str) -> int | None:
        """When an entry is due, None when never."""
        score = await self.redis.zscore(self.store.keys.schedule, entry)
        return None if score is None else int(score)

    async def make_due(self, entry: str, ago_ms: int = 0) -> int:
        """Let an entry be due since `ago_ms`; returns the due time."""
        due = await self.store.schedule.now_ms() - ago_ms
        assert await self.redis.zadd(self.store.keys.schedule, {entry: due}, xx=True, ch=True)
        return due

    async def runs(self) -> list[RunRequest]:
        """What was asked of all runs that have a record, in the order of acceptance."""
        keys = self.store.keys
        ids = await self.redis.zrange(keys.index(RUN), 0, -1)
        payloads = [await self.redis.hget(keys.record(RUN, i.decode()), "payload") for i in ids]
        return [RunRequest.decode(payload) for payload in payloads]

    async def run_ids(self) -> list[str]:
        """The ids of all runs that have a record."""
        return [i.decode() for i in await self.redis.zrange(self.store.keys.index(RUN), 0, -1)]

    async def history(self, job_id: str = "j") -> list[PastTick]:
        """The history of a job, newest first."""
        return await self.store.cron_jobs.history(job_id, after="", limit=100)

    async def heartbeats(self) -> list[tuple[str, str]]:
        """Outcome and reason of the ticks of main's heartbeat, oldest first."""
        ticks = await self.redis.xrange(self.store.keys.ticks("heartbeat:main"))
        return [(fields[b"outcome"].decode(), fields[b"reason"].decode()) for _, fields in ticks]

    async def claim(self) -> list[Lease]:
        """Take all runs that may start."""
        leases = self.store.leases
        claim = await leases.claim("w", 100, idle=True)
        return [Lease.of(leases, "w", job) for job in claim.jobs]

    async def hear_from(self, route: Destination = ROUTE, session: str = MAIN) -> None:
        """Note where a session was heard from."""
        key = self.store.keys.session(session)
        await self.redis.hset(key, mapping={"created_ms": 1, "route": orjson.dumps(route)})
