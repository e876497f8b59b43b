"""A cell is added: whoever has something in an earlier one stays there, and nobody is in two."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import cell_of
from openclaw_common.contracts.tenants import in_tenant
from openclaw_common.store.placement import Placement
from tests.integration.cells.support import Fleet, finish, in_cell, submit


def moving(number: int = 0) -> str:
    """Return a session that is the second cell's as soon as there is one."""
    found = [
        name
        for name in (f"agent:main:m{count}" for count in range(100))
        if Placement(1, 2).of_session(name) == (1, 0)
    ]
    return found[number]


async def test_a_session_with_a_run_stays_where_it_is(fleet: Fleet) -> None:
    before = await fleet.store(fleet.urls[0])
    first = await submit(before, moving())
    after = await fleet.store(founding=1)
    second = await submit(after, moving())
    assert [cell_of(first), cell_of(second)] == [0, 0]
    lane = await after.session_steps.lane(moving())
    assert lane.run_ids == (first, second)


async def test_a_session_with_nothing_begins_in_the_new_cell(fleet: Fleet) -> None:
    after = await fleet.store(founding=1)
    assert cell_of(await submit(after, moving())) == 1


async def test_a_tenants_sessions_stay_together(fleet: Fleet) -> None:
    tenant = next(
        name
        for name in (f"t{count}" for count in range(100))
        if Placement(1, 2).of_session(in_tenant(name, "agent:main:x")) == (1, 0)
    )
    before = await fleet.store(fleet.urls[0])
    await submit(before, in_tenant(tenant, "agent:main:old"))
    after = await fleet.store(founding=1)
    assert cell_of(await submit(after, in_tenant(tenant, "agent:main:new"))) == 0


async def test_who_knows_of_fewer_cells_begins_nothing_that_is_anothers_by_now(
    fleet: Fleet,
) -> None:
    old = await fleet.store(fleet.urls[0])
    new = await fleet.store(founding=1)
    assert cell_of(await submit(new, moving())) == 1
    with pytest.raises(StoreUnavailable):
        await submit(old, moving())
    for cell in new.all:
        assert await cell.client.execute("LLEN", cell.keys.lane("run", moving())) == cell.cell


async def test_who_knows_all_cells_follows_when_one_more_comes_into_use(fleet: Fleet) -> None:
    old = await fleet.store(founding=1, in_use=1)
    new = await fleet.store(founding=1)
    assert cell_of(await submit(old, moving(0))) == 0
    assert cell_of(await submit(new, moving(1))) == 1
    with pytest.raises(StoreUnavailable):
        await submit(old, moving(2))
    assert cell_of(await submit(old, moving(2))) == 1
    assert cell_of(await submit(old, moving(0))) == 0


async def test_of_processes_that_learn_of_it_at_different_times_none_puts_a_session_in_two_cells(
    fleet: Fleet,
) -> None:
    old = [await fleet.store(founding=1, in_use=1) for _ in range(3)]
    new = [await fleet.store(founding=1) for _ in range(3)]
    sessions = [moving(number) for number in range(20)]

    async def ask(number: int) -> None:
        store = (old if number < 60 and number % 2 else new)[number % 3]
        try:
            await submit(store, sessions[number % len(sessions)])
        except StoreUnavailable:
            return

    async with asyncio.timeout(20):
        await asyncio.gather(*(ask(number) for number in range(200)))
    for session in sessions:
        lengths = [
            await cell.client.execute("LLEN", cell.keys.lane("run", session)) for cell in new[0].all
        ]
        assert 0 in lengths, (session, lengths)


async def test_an_earlier_owner_that_is_away_may_have_the_session(fleet: Fleet) -> None:
    whole = await fleet.store(founding=1)
    known = await fleet.without(0, founding=1)
    with pytest.raises(StoreUnavailable):
        await submit(known, moving())
    assert cell_of(await submit(whole, moving())) == 1


async def test_a_system_event_waits_where_the_session_is(fleet: Fleet) -> None:
    before = await fleet.store(fleet.urls[0])
    await finish(before, await submit(before, moving()))
    after = await fleet.store(founding=1)
    await after.system_events.push(moving(), "main", "told", wake=False)
    assert [event.text for event in await before.system_events.pending(moving())] == ["told"]


async def test_one_cell_asks_for_nothing_more(fleet: Fleet) -> None:
    store = await fleet.store(fleet.urls[0])
    assert await in_cell(store, 0) == "agent:main:s0"
    assert store.all[0].run_jobs.admission.spread is not None
