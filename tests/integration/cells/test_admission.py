"""A run is accepted in the cell of its session, and an idempotency key is one over all cells."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter

import pytest

from openclaw_common.contracts.errors import IdempotencyConflict, StoreUnavailable
from openclaw_common.contracts.ids import cell_of, new_run_id
from openclaw_common.queue.job_queue import Admitted, Idempotency, Replayed, RunQueue
from openclaw_common.store.keys import RUN
from tests.integration.cells.support import Fleet, in_cell, request, submit


def key(name: str, fingerprint: str = "body") -> Idempotency:
    return Idempotency("chat", name, fingerprint)


async def test_a_run_is_in_the_cell_that_its_id_carries(fleet: Fleet) -> None:
    store = await fleet.store()
    for cell in (0, 1):
        run_id = await submit(store, await in_cell(store, cell))
        assert cell_of(run_id) == cell
        assert await store.all[cell].runs.get(run_id) is not None
        assert await store.all[1 - cell].runs.get(run_id) is None
        record = await store.runs.get(run_id)
        assert record is not None
        assert record.id == run_id


async def test_an_id_of_another_cell_becomes_one_of_the_sessions(fleet: Fleet) -> None:
    store = await fleet.store()
    session = await in_cell(store, 1)
    outcome = await RunQueue(store).submit(new_run_id(), request(session))
    assert cell_of(outcome.id) == 1


async def test_the_runs_of_many_sessions_are_spread_evenly(fleet: Fleet) -> None:
    store, runs = await fleet.store(), 400
    ids = await asyncio.gather(*(submit(store, f"agent:main:u{n}") for n in range(runs)))
    found = Counter(map(cell_of, ids))
    # Four standard deviations of a fair coin: one run in sixteen thousand would be outside.
    assert abs(found[0] - runs / 2) <= 4 * (runs / 4) ** 0.5
    for cell in (0, 1):
        here = store.all[cell]
        assert await here.client.execute("ZCARD", here.keys.open(RUN)) == found[cell]


@pytest.mark.parametrize("name", ["k1", "k2", "k3", "k4"])
async def test_an_equal_key_with_another_body_is_a_conflict_whatever_its_session(
    fleet: Fleet, name: str
) -> None:
    store = await fleet.store()
    sessions = [await in_cell(store, cell) for cell in (0, 1)]
    accepted = await submit(store, sessions[0], idempotency=key(name))
    for session in sessions:
        with pytest.raises(IdempotencyConflict):
            await submit(store, session, idempotency=key(name, "other"))
    again = await RunQueue(store).submit(new_run_id(), request(sessions[0]), idempotency=key(name))
    assert again == Replayed(accepted)


async def test_a_hundred_equal_requests_with_sessions_of_their_own_are_one_run(
    fleet: Fleet,
) -> None:
    stores = [await fleet.store() for _ in range(3)]

    async def ask(number: int, name: str) -> Admitted | Replayed:
        session = f"agent:main:openai:{uuid.uuid4()}"
        queue = RunQueue(stores[number % 3])
        return await queue.submit(new_run_id(), request(session), idempotency=key(name))

    for name in ("a", "b", "c"):
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(*(ask(number, name) for number in range(100)))
        assert len({outcome.id for outcome in outcomes}) == 1
        assert sum(isinstance(outcome, Admitted) for outcome in outcomes) == 1
    opened = [await each.client.execute("ZCARD", each.keys.open(RUN)) for each in stores[0].all]
    assert sum(opened) == 3


async def test_without_a_cell_its_sessions_are_refused_and_the_others_served(
    fleet: Fleet,
) -> None:
    whole = await fleet.store()
    sessions = [await in_cell(whole, cell) for cell in (0, 1)]
    for away in (0, 1):
        store = await fleet.without(away)
        assert cell_of(await submit(store, sessions[1 - away])) == 1 - away
        with pytest.raises(StoreUnavailable):
            await submit(store, sessions[away])
        await store.ping()


async def test_the_first_admission_under_a_key_asks_for_the_clock_that_its_deadline_needs(
    fleet: Fleet,
) -> None:
    """Another cell takes a key over only once this one can accept nothing under it any more."""
    store = await fleet.store()
    client, queue, asked = store.all[1].client, RunQueue(store), []
    for number in range(2):
        session = await in_cell(store, 1, number)
        run_id = await queue.new_run_id(session)
        await client.execute("CONFIG", "RESETSTAT")
        key = Idempotency("s", f"k{number}", "f")
        await queue.submit(run_id, request(session), idempotency=key)
        stats = (await client.execute("INFO", "commandstats")).decode()
        asked.append(int(stats.partition("cmdstat_time:calls=")[2].partition(",")[0]))
    # The steps look at the clock themselves.
    assert asked[0] == asked[1] + 1
