"""Words for tests of several cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import RUN_COMPLETED
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config.limits import Deliveries, Redis, Runs
from openclaw_common.store.admission import Admitted
from openclaw_common.store.cell_store import connect
from openclaw_common.store.effects import Effect
from openclaw_common.store.leases import Lease
from openclaw_common.store.store import Store
from tests.harness.processes import free_port

RUNS = Runs(lease_ms=60_000)


class Fleet:
    """The stores of processes over cells at `urls`."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls = list(urls)
        self._stores: list[Store] = []

    async def store(
        self, *urls: str, founding: int | None = None, in_use: int | None = None, **redis: Any
    ) -> Store:
        """Return a store over `urls`, or both cells; all are founding ones unless told."""
        cells = list(urls) or self.urls
        config = Redis(
            urls=tuple(map(SecretStr, cells)),
            founding_cells=founding or len(cells),
            cells_in_use=in_use,
            **{"timeout_ms": 1000, **redis},
        )
        store = await connect(config, RUNS, Deliveries(lease_ms=60_000), role="test")
        self._stores.append(store)
        return store

    async def without(self, cell: int, **options: Any) -> Store:
        """Return a store over both cells of which `cell` cannot be reached."""
        urls = list(self.urls)
        urls[cell] = f"redis://127.0.0.1:{free_port()}/0"
        return await self.store(*urls, **options)

    async def close(self) -> None:
        """Close all stores."""
        for store in self._stores:
            await store.close()


def request(session: str, **fields: Any) -> RunRequest:
    """A request of a session; other fields as given."""
    return replace(RunRequest("main", session, "chat", "openclaw", Turn("user", "hi")), **fields)


async def in_cell(store: Store, cell: int, number: int = 0) -> str:
    """Return a session of `cell`, another one for each `number`."""
    found = -1
    for count in range(10_000):
        session = f"agent:main:s{count}"
        found += (await store.at(session)).cell == cell
        if found == number:
            return session
    raise AssertionError("no session is in that cell")


async def submit(store: Store, session: str, **options: Any) -> str:
    """Accept a run of a session; return its id."""
    queue = RunQueue(store)
    outcome = await queue.submit(await queue.new_run_id(session), request(session), **options)
    assert isinstance(outcome, Admitted)
    return outcome.id


async def finish(store: Store, run_id: str, *effects: Effect) -> None:
    """Claim and complete a run, with what it causes."""
    lease = (await claim_all(store))[run_id]
    await lease.finish(
        RunStatus.COMPLETED,
        events=[(RUN_COMPLETED, b"{}")],
        result=RunResult("done"),
        effects=effects,
    )


async def claim_all(store: Store) -> dict[str, Lease]:
    """Claim every run that is due, in all cells."""
    found = {}
    for here in store.all:
        claimed = await here.leases.claim("w", 100, idle=True)
        for job in claimed.jobs:
            lease = Lease.of(here.leases, "w", job)
            found[lease.id] = lease
    return found


def message(to: str, text: str = "x", *, account: str = "default", run_id: str) -> DeliveryRequest:
    """A delivery that a run causes."""
    return DeliveryRequest(Destination("telegram", to, account), text, run_id=run_id)


def account_in(store: Store, cell: int) -> str:
    """Return an account whose deliveries are in `cell`."""
    for count in range(1000):
        if store.to(Destination("telegram", "1", f"a{count}").lane).cell == cell:
            return f"a{count}"
    raise AssertionError("no account is in that cell")
