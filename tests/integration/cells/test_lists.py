"""Lists over several cells are one list, and pages of it leave nothing out."""

from __future__ import annotations

import pytest

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import cell_of
from openclaw_common.queue.job_queue import DeliveryQueue
from openclaw_common.store.deliveries import DeliveryFilter
from openclaw_common.store.pages import Place
from openclaw_common.store.run_lists import RunFilter
from openclaw_common.store.session_steps import SessionFilter
from openclaw_common.store.sessions import SessionWrite
from openclaw_common.store.store import Store
from tests.integration.cells.support import Fleet, account_in, claim_all, in_cell, message, submit


async def accepted(store: Store, count: int) -> list[str]:
    return [await submit(store, f"agent:main:u{number}") for number in range(count)]


@pytest.mark.parametrize("newer", [False, True])
async def test_pages_of_runs_have_every_run_once_and_in_order(fleet: Fleet, newer: bool) -> None:
    store = await fleet.store()
    ids = await accepted(store, 25)
    assert {cell_of(run_id) for run_id in ids} == {0, 1}
    place: Place | None = None
    if newer:
        place = await store.run_lists.place_of(ids[0])
    seen: list[Place] = []
    more = True
    while more:
        page = await store.run_lists.page(RunFilter(), 4, place=place, newer=newer)
        seen += page.places
        place, more = page.last or place, page.more
    found = [(each.score, each.id) for each in seen]
    assert found == sorted(found, reverse=not newer)
    assert {each.id for each in seen} == set(ids[1:] if newer else ids)
    records = await store.runs.get_all([each.id for each in seen])
    assert [record.id for record in records if record] == [each.id for each in seen]


async def test_pages_of_sessions_have_every_session_once(fleet: Fleet) -> None:
    store = await fleet.store()
    ids = await accepted(store, 12)
    leases = await claim_all(store)
    for number, run_id in enumerate(ids):
        await leases[run_id].finish(
            "completed",
            events=[("run.completed", b"{}")],
            session_key=f"agent:main:u{number}",
            agent_id="main",
            session=SessionWrite(tail=(b"{}",)),
        )
    seen, place, more = [], None, True
    while more:
        page = await store.session_steps.page(SessionFilter(), 5, place=place)
        seen += [key for key, _ in page.sessions]
        place, more = page.last, page.more
    assert sorted(seen) == sorted(f"agent:main:u{number}" for number in range(12))
    assert len(await store.sessions.transcript("agent:main:u3")) == 1


async def test_deliveries_of_all_cells_are_one_list(fleet: Fleet) -> None:
    store = await fleet.store()
    (run_id,) = await accepted(store, 1)
    queue = DeliveryQueue(store)
    sent = [
        (await queue.submit(message(str(n), account=account_in(store, n % 2), run_id=run_id))).id
        for n in range(6)
    ]
    page = await store.deliveries.page(DeliveryFilter(run_id=run_id), 10)
    assert {place.id for place in page.places} == set(sent)
    ((known),) = await store.run_deliveries.of_runs([run_id])
    assert {delivery_id for delivery_id, _ in known} == set(sent)


async def test_without_a_cell_there_is_no_list_that_leaves_its_runs_out(fleet: Fleet) -> None:
    store = await fleet.without(1)
    with pytest.raises(StoreUnavailable):
        await store.run_lists.page(RunFilter(), 4)


async def test_a_run_is_shown_while_the_cell_of_its_deliveries_is_away(fleet: Fleet) -> None:
    whole = await fleet.store()
    run_id = await submit(whole, await in_cell(whole, 0))
    sent = await DeliveryQueue(whole).submit(
        message("1", account=account_in(whole, 1), run_id=run_id)
    )
    store = await fleet.without(1)
    ((known,),) = await store.run_deliveries.of_runs([run_id])
    assert known == (sent.id, "pending")
