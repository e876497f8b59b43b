"""The store of several cells: `connect` makes the plain store of one where there is just one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.limits import Deliveries as DeliveriesConfig
from openclaw_common.runtime.config.limits import Redis as RedisConfig
from openclaw_common.runtime.config.limits import Runs as RunsConfig
from openclaw_common.store.admission import Idempotency, Replayed
from openclaw_common.store.all_dead_letters import AllDeadLetters
from openclaw_common.store.api_keys import ApiKeys
from openclaw_common.store.cell_access import (
    CellApiKeys,
    CellAuthLimits,
    CellProviderBench,
    Patience,
)
from openclaw_common.store.cell_accounts import CellAccountRest, CellLive, CellPacing, CellTraces
from openclaw_common.store.cell_jobs import (
    CellDeadLetters,
    CellDeliveries,
    CellResponses,
    CellRunDeliveries,
    CellRunLists,
    CellRuns,
    CellStreams,
)
from openclaw_common.store.cell_keys import job_elsewhere
from openclaw_common.store.cell_places import check_places
from openclaw_common.store.cell_schedule import CellCronJobs, CellSchedule
from openclaw_common.store.cell_sessions import (
    CellInbound,
    CellSessions,
    CellSessionSteps,
    CellSystemEvents,
)
from openclaw_common.store.cells import Cells, answers_of
from openclaw_common.store.connections import Arg
from openclaw_common.store.cron_jobs import CronJobs
from openclaw_common.store.dead_letters import DeadLetters
from openclaw_common.store.inbound import InboundSteps
from openclaw_common.store.job_store import JobStore
from openclaw_common.store.keys import DELIVERY, RUN
from openclaw_common.store.live import Live
from openclaw_common.store.placement import Placement
from openclaw_common.store.spread import Spread
from openclaw_common.store.store import Durability, Store
from openclaw_common.store.traces import Traces


async def connect(
    redis: RedisConfig,
    runs: RunsConfig,
    deliveries: DeliveriesConfig | None = None,
    *,
    role: str,
) -> Store:
    """Return the store of the configured cells; no Redis need be up yet.

    `role` names the connections in CLIENT LIST. A process that neither takes nor sends deliveries
    may leave their limits out. Raises ConfigError when a cell that answers is not the one that its
    place in the list says.
    """
    deliveries = deliveries or DeliveriesConfig()
    count = len(redis.cells)
    if not redis.urls:
        return Store.of_cell(redis, runs, deliveries, role=role)
    spread = Spread(Placement(redis.founding_cells, redis.cells_in_use or count), count)
    stores = tuple(
        Store.of_cell(redis, runs, deliveries, role=role, cell=cell, spread=spread)
        for cell in range(count)
    )
    store = CellStore.over(stores, spread, redis.serve_cells)
    try:
        await check_places(stores)
    except ConfigError:
        await store.close()
        raise
    return store


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """An Elsewhere of one cell."""

    cells: Cells
    cell: int

    async def find(self, session_key: str) -> tuple[int | None, tuple[Arg, ...]]:
        """See Elsewhere."""
        spread = self.cells.spread
        if not session_key:
            return None, spread.unchecked()
        store = await self.cells.at(session_key)
        if store.cell != self.cell:
            return store.cell, spread.unchecked()
        return None, spread.check(session_key, self.cell)

    def refused(self, reply: Any) -> None:
        """See Elsewhere; a session that left answers like a tick that somebody else has fired."""
        if reply[0] == b"cells":
            self.cells.spread.refused(reply)


@dataclass(frozen=True, slots=True)
class CellStore(Store):
    """Everything the services want of several cells, each thing from the cell that has it.

    API keys are in all of them. What is no session's, record's, account's or schedule entry's is in
    the first one: pairings, and which process receives for an account.
    """

    cells: Cells
    patience: Patience

    @classmethod
    def over(
        cls, stores: tuple[Store, ...], spread: Spread, served: Sequence[int] = ()
    ) -> CellStore:
        """Return the store over those of all cells; `served` are numbers, none for all."""
        plain = Cells(stores, spread, ())
        stores = tuple(
            replace(
                store,
                schedule=replace(store.schedule, elsewhere=_Elsewhere(plain, store.cell)),
            )
            for store in stores
        )
        cells = Cells(
            stores, spread, tuple(stores[number] for number in served or range(len(stores)))
        )
        home = stores[0]
        scripts, deliveries = home.run_jobs.scripts, home.delivery_jobs.scripts
        client, keys = home.client, home.keys
        sessions = CellSessions(client, keys, cells)
        patience = Patience()
        own = {field.name: getattr(home, field.name) for field in fields(Store)}
        own |= {
            "runs": CellRuns(scripts, home.runs.grace_ms, cells),
            "streams": CellStreams(client, keys, RUN, cells),
            "deliveries": CellDeliveries(deliveries, cells),
            "delivery_streams": CellStreams(client, keys, DELIVERY, cells),
            "responses": CellResponses(client, keys, cells),
            "sessions": sessions,
            "session_steps": CellSessionSteps(scripts, sessions, home.session_steps.limits, cells),
            "run_lists": CellRunLists(scripts, cells),
            "run_deliveries": CellRunDeliveries(client, keys, cells),
            "system_events": CellSystemEvents(
                scripts, home.system_events.limits, spread, cells=cells
            ),
            "schedule": CellSchedule(
                scripts, home.schedule.bounds, home.schedule.turns, cells=cells
            ),
            "limits": CellAuthLimits(client, keys, cells),
            "provider_bench": CellProviderBench(client, keys, cells, patience),
            "pacing": CellPacing(client, keys, cells),
            "account_rest": CellAccountRest(client, keys, cells),
        }
        return cls(**own, cells=cells, patience=patience)

    async def at(self, session_key: str) -> Store:
        """See Store."""
        return await self.cells.at(session_key)

    def of(self, record_id: str) -> Store:
        """See Store."""
        return self.cells.of(record_id)

    def to(self, lane: str) -> Store:
        """See Store."""
        return self.cells.to(lane)

    def named(self, name: str) -> Store:
        """See Store."""
        return self.cells.named(name)

    @property
    def all(self) -> tuple[Store, ...]:
        """See Store."""
        return self.cells.stores

    @property
    def served(self) -> tuple[Store, ...]:
        """See Store."""
        return self.cells.served

    async def known_job(
        self, jobs: JobStore, idempotency: Idempotency | None, *, again: bool = False
    ) -> Replayed | None:
        """See Store."""
        if idempotency is None:
            return None
        if not again and self.named(idempotency.digest()).cell == jobs.keys.number:
            # The step that accepts the job looks at the very record.
            return None
        return await job_elsewhere(self.cells, jobs, idempotency)

    @property
    def api_keys(self) -> ApiKeys:
        """See Store."""
        return CellApiKeys(self.client, self.keys, self.cells, self.patience)

    @property
    def inbound(self) -> InboundSteps:
        """See Store."""
        return CellInbound(self.run_jobs.scripts, self.cells)

    @property
    def live(self) -> Live:
        """See Store."""
        return CellLive(self.client, self.keys, self.cells)

    @property
    def traces(self) -> Traces:
        """See Store."""
        return CellTraces(self.client, self.keys, self.cells)

    @property
    def cron_jobs(self) -> CronJobs:
        """See Store."""
        return CellCronJobs(self.schedule, self.cells)

    @property
    def all_dead_letters(self) -> AllDeadLetters:
        """See Store."""
        return AllDeadLetters(
            self.dead_letters, CellDeadLetters(self.delivery_jobs.scripts, self.cells)
        )

    @property
    def dead_letters(self) -> DeadLetters:
        """See Store."""
        return CellDeadLetters(self.run_jobs.scripts, self.cells)

    async def ping(self) -> None:
        """Return when any cell answers. Raises StoreUnavailable."""
        await answers_of(store.ping() for store in self.all)

    async def durability(self) -> Durability:
        """Return what the weakest of the cells that answer promises. Raises StoreUnavailable."""
        found = await answers_of(store.durability() for store in self.all)
        return min(found, key=lambda durability: durability.strict)

    async def close(self) -> None:
        """Close the connections."""
        for store in self.all:
            await store.close()
