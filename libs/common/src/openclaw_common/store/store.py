"""The store of one process: one connection to Redis, and every structure behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from redis.exceptions import ResponseError

from openclaw_common.runtime.config.limits import Deliveries as DeliveriesConfig
from openclaw_common.runtime.config.limits import Redis as RedisConfig
from openclaw_common.runtime.config.limits import Runs as RunsConfig
from openclaw_common.store.account_rest import AccountRest
from openclaw_common.store.admission import (
    Admission,
    Bounds,
    Idempotency,
    Replayed,
    ServerClock,
)
from openclaw_common.store.all_dead_letters import AllDeadLetters
from openclaw_common.store.api_keys import ApiKeys
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import create_pool
from openclaw_common.store.cron_jobs import CronJobs
from openclaw_common.store.dead_letters import DeadLetters
from openclaw_common.store.deliveries import Deliveries
from openclaw_common.store.effects import EventLimits
from openclaw_common.store.inbound import InboundSteps
from openclaw_common.store.job_store import JobStore
from openclaw_common.store.jobs import JobScripts, Retention
from openclaw_common.store.keys import RUN, Keys
from openclaw_common.store.kinds import DELIVERIES, RUNS, JobKind
from openclaw_common.store.lease_steps import ClaimLimits, Leases
from openclaw_common.store.limits import AuthLimits
from openclaw_common.store.live import Live
from openclaw_common.store.pacing import Pacing
from openclaw_common.store.pairings import Pairings
from openclaw_common.store.provider_bench import ProviderBench
from openclaw_common.store.receivers import Receivers
from openclaw_common.store.responses import Responses
from openclaw_common.store.run_deliveries import RunDeliveries
from openclaw_common.store.run_lists import RunLists
from openclaw_common.store.run_stream import RunStreams
from openclaw_common.store.runs import Runs
from openclaw_common.store.schedule import Schedule, TurnLimits
from openclaw_common.store.session_steps import SessionSteps
from openclaw_common.store.sessions import SessionLimits, Sessions
from openclaw_common.store.spread import Spread
from openclaw_common.store.system_events import SystemEvents
from openclaw_common.store.traces import Traces


@dataclass(frozen=True, slots=True)
class Durability:
    """What the server was found to promise for a write that it has answered.

    `mode` is `always`, `everysec` or `no` with the append-only file on, `off` without it,
    `unknown` where CONFIG is not allowed. `noeviction` is False where memory pressure may delete
    keys, None where that is unknown.
    """

    mode: str
    noeviction: bool | None

    @property
    def strict(self) -> bool:
        """Whether an acknowledged write survives kill -9 of the server and memory pressure."""
        return self.mode == "always" and self.noeviction is True


@dataclass(frozen=True, slots=True)
class Store:
    """Everything the services want of one Redis, a cell. Made by `connect`, ended by `close`.

    `cell_store` has the same of several cells; `at`, `of`, `to` and `named` lead to the one that a
    session, a record, a destination or a name is in, which here is always this one.

    Every call raises contracts.errors.StoreUnavailable when Redis cannot be reached in time, and
    works again when Redis is back; nothing needs to reconnect by hand.
    """

    client: RedisClient
    keys: Keys
    run_jobs: JobStore
    delivery_jobs: JobStore
    runs: Runs
    streams: RunStreams
    deliveries: Deliveries
    delivery_streams: RunStreams
    responses: Responses
    sessions: Sessions
    session_steps: SessionSteps
    run_lists: RunLists
    run_deliveries: RunDeliveries
    system_events: SystemEvents
    schedule: Schedule
    limits: AuthLimits
    provider_bench: ProviderBench
    pacing: Pacing
    account_rest: AccountRest
    bulk: RedisClient

    @classmethod
    async def connect(
        cls,
        redis: RedisConfig,
        runs: RunsConfig,
        deliveries: DeliveriesConfig | None = None,
        *,
        role: str,
    ) -> Self:
        """Return a store; Redis need not be up yet. `role` names the connection in CLIENT LIST.

        A process that neither takes nor sends deliveries may leave their limits out.
        """
        return cls.of_cell(redis, runs, deliveries or DeliveriesConfig(), role=role)

    @classmethod
    def of_cell(
        cls,
        redis: RedisConfig,
        runs: RunsConfig,
        deliveries: DeliveriesConfig,
        *,
        role: str,
        cell: int = 0,
        spread: Spread | None = None,
    ) -> Self:
        """Return the store of one cell; `spread` is given where there are others."""
        timeout_s = redis.timeout_ms / 1000
        pool = create_pool(
            redis.cells[cell].get_secret_value(),
            timeout_s=timeout_s,
            client_name=f"openclaw-{role}",
        )
        client = RedisClient(pool, timeout_s=timeout_s)
        bulk = RedisClient(pool, timeout_s=timeout_s)
        keys = Keys(f"c{cell}")
        sessions = SessionLimits(
            runs.transcript_max_messages, runs.session_retention_seconds * 1000
        )
        run_jobs = _job_store(
            RUNS,
            (client, bulk),
            keys,
            Retention(
                record_ms=runs.retention_seconds * 1000,
                stream_ms=runs.stream_retention_seconds * 1000,
                idempotency_ms=runs.idempotency_seconds * 1000,
                dead_letter_ms=runs.dead_letter_retention_seconds * 1000,
            ),
            Bounds(
                max_open=runs.max_queued,
                max_lane=runs.max_queued_per_session,
                queue_timeout_ms=runs.queue_timeout_seconds * 1000,
            ),
            ClaimLimits(runs.lease_ms, runs.max_crashes, runs.quarantine_after_crashes),
            sessions,
            spread,
        )
        delivery_jobs = _job_store(
            DELIVERIES,
            (client, bulk),
            keys,
            Retention(
                record_ms=deliveries.retention_seconds * 1000,
                # What happened to a delivery is told by its events alone.
                stream_ms=deliveries.retention_seconds * 1000,
                idempotency_ms=runs.idempotency_seconds * 1000,
                dead_letter_ms=deliveries.dead_letter_retention_seconds * 1000,
            ),
            Bounds(
                max_open=deliveries.max_queued,
                max_lane=deliveries.max_queued_per_destination,
                queue_timeout_ms=0,
            ),
            ClaimLimits(
                deliveries.lease_ms, deliveries.max_crashes, deliveries.quarantine_after_crashes
            ),
            sessions,
        )
        return cls(
            client=client,
            keys=keys,
            run_jobs=run_jobs,
            delivery_jobs=delivery_jobs,
            runs=Runs(run_jobs.scripts, round(runs.disconnect_grace_seconds * 1000)),
            streams=RunStreams(client, keys, RUNS.name),
            deliveries=Deliveries(delivery_jobs.scripts),
            delivery_streams=RunStreams(client, keys, DELIVERIES.name),
            responses=Responses(client, keys),
            sessions=Sessions(client, keys),
            session_steps=SessionSteps(run_jobs.scripts, Sessions(client, keys), sessions),
            run_lists=RunLists(run_jobs.scripts),
            run_deliveries=RunDeliveries(client, keys),
            system_events=SystemEvents(
                run_jobs.scripts,
                EventLimits(runs.max_system_events, runs.system_event_retention_seconds * 1000),
                spread,
            ),
            schedule=Schedule(
                run_jobs.scripts,
                run_jobs.admission.bounds,
                TurnLimits(
                    runs.wake_spacing_ms,
                    runs.wake_flood_starts,
                    runs.wake_flood_window_ms,
                    runs.wake_retry_ms,
                    runs.wake_retry_max_ms,
                ),
            ),
            limits=AuthLimits(client, keys),
            provider_bench=ProviderBench(client, keys),
            pacing=Pacing(client, keys),
            account_rest=AccountRest(client, keys),
            bulk=bulk,
        )

    @property
    def cell(self) -> int:
        """The number of the cell."""
        return self.keys.number

    async def at(self, session_key: str) -> Store:
        """Return the store that a session is in. Raises StoreUnavailable."""
        return self

    def of(self, record_id: str) -> Store:
        """Return the store that the record of a run or a delivery is in."""
        return self

    def to(self, lane: str) -> Store:
        """Return the store that the lane of a destination is in."""
        return self

    def named(self, name: str) -> Store:
        """Return the store of what is known by a name alone."""
        return self

    @property
    def all(self) -> tuple[Store, ...]:
        """The stores of all cells."""
        return (self,)

    @property
    def served(self) -> tuple[Store, ...]:
        """The stores of the cells whose jobs this process takes."""
        return (self,)

    @property
    def all_jobs(self) -> tuple[JobStore, ...]:
        """The jobs of both kinds in all cells."""
        return tuple(jobs for each in self.all for jobs in (each.run_jobs, each.delivery_jobs))

    def jobs_of(self, kind: str) -> JobStore:
        """Return the jobs of one kind of this cell."""
        return self.run_jobs if kind == RUN else self.delivery_jobs

    async def known_job(
        self, jobs: JobStore, idempotency: Idempotency | None, *, again: bool = False
    ) -> Replayed | None:
        """Return the job that an idempotency key stands for in another cell than that of `jobs`.

        It is asked `again` after `jobs` said that there is one. Raises IdempotencyConflict,
        StoreUnavailable.
        """
        return None

    @property
    def api_keys(self) -> ApiKeys:
        """The named API keys."""
        return ApiKeys(self.client, self.keys)

    @property
    def inbound(self) -> InboundSteps:
        """What comes in from chats and is no run."""
        return InboundSteps(self.run_jobs.scripts, spread=self.run_jobs.admission.spread)

    @property
    def pairings(self) -> Pairings:
        """Who may write to accounts that ask strangers to be let in."""
        return Pairings(self.run_jobs.scripts)

    @property
    def receivers(self) -> Receivers:
        """The leases of accounts that hold a connection."""
        return Receivers(self.client, self.keys)

    @property
    def live(self) -> Live:
        """The runs that are seen working."""
        return Live(self.client, self.keys)

    @property
    def traces(self) -> Traces:
        """The spans of runs."""
        return Traces(self.client, self.keys)

    @property
    def cron_jobs(self) -> CronJobs:
        """The cron jobs."""
        return CronJobs(self.schedule)

    @property
    def scripts(self) -> JobScripts:
        """The steps of runs."""
        return self.run_jobs.scripts

    @property
    def admission(self) -> Admission:
        """The admission of runs."""
        return self.run_jobs.admission

    @property
    def leases(self) -> Leases:
        """The leases of runs."""
        return self.run_jobs.leases

    @property
    def all_dead_letters(self) -> AllDeadLetters:
        """The dead letters of both kinds."""
        return AllDeadLetters(self.run_jobs.dead_letters, self.delivery_jobs.dead_letters)

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead letters among runs."""
        return self.run_jobs.dead_letters

    async def ping(self) -> None:
        """Return when Redis answers. Raises StoreUnavailable."""
        await self.client.execute("PING")

    async def durability(self) -> Durability:
        """Ask the server what it promises. Raises StoreUnavailable."""
        try:
            flat = await self.client.execute(
                "CONFIG", "GET", "appendonly", "appendfsync", "maxmemory-policy"
            )
        except ResponseError:
            return Durability("unknown", None)
        found = {
            name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)
        }
        mode = found.get("appendfsync", "unknown") if found.get("appendonly") == "yes" else "off"
        policy = found.get("maxmemory-policy")
        return Durability(mode if found else "unknown", policy == "noeviction" if policy else None)

    async def close(self) -> None:
        """Close the connections."""
        await self.bulk.close()
        await self.client.close()


def _job_store(
    kind: JobKind,
    clients: tuple[RedisClient, RedisClient],
    keys: Keys,
    retention: Retention,
    bounds: Bounds,
    claiming: ClaimLimits,
    sessions: SessionLimits,
    spread: Spread | None = None,
) -> JobStore:
    scripts, bulk = (JobScripts(client, keys, kind.name, retention) for client in clients)
    return JobStore(
        kind=kind,
        scripts=scripts,
        admission=Admission(scripts, bulk, bounds, ServerClock(), spread),
        leases=Leases(scripts, claiming, sessions),
        dead_letters=DeadLetters(scripts),
    )
