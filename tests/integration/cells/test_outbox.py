"""What a run causes in another cell is laid down with its result, and arrives there once."""

from __future__ import annotations

import asyncio

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.contracts.ids import cell_of
from openclaw_common.queue.forwarder import Forwarder
from openclaw_common.queue.job_queue import DeliveryQueue
from openclaw_common.store.keys import DELIVERY
from openclaw_common.store.store import Store
from tests.integration.cells.support import (
    Fleet,
    account_in,
    finish,
    in_cell,
    message,
    submit,
)


async def lane_of(store: Store, cell: int, lane: str) -> list[str]:
    here = store.all[cell]
    found = await here.client.execute("LRANGE", here.keys.lane(DELIVERY, lane), 0, -1)
    return [item.decode() for item in found]


async def forward(store: Store) -> None:
    for here in store.all:
        await Forwarder(store, here).look()


async def test_a_delivery_to_another_cell_is_laid_down_with_the_result_and_brought_there(
    fleet: Fleet,
) -> None:
    store = await fleet.store()
    run_id = await submit(store, await in_cell(store, 0))
    effect = DeliveryQueue(store).prepare(message("1", account=account_in(store, 1), run_id=run_id))
    await finish(store, run_id, effect)
    assert cell_of(effect.id) == 1
    assert await lane_of(store, 1, effect.lane) == []
    known = await store.run_deliveries.of_runs([run_id])
    assert known == [[]]
    await forward(store)
    assert await lane_of(store, 1, effect.lane) == [effect.id]
    assert await store.run_deliveries.of_runs([run_id]) == [[(effect.id, DeliveryStatus.PENDING)]]
    record = await store.deliveries.get(effect.id)
    assert record is not None
    assert record.request.text == "x"


async def test_a_delivery_to_the_same_cell_is_there_at_once(fleet: Fleet) -> None:
    store = await fleet.store()
    run_id = await submit(store, await in_cell(store, 0))
    effect = DeliveryQueue(store).prepare(message("1", account=account_in(store, 0), run_id=run_id))
    await finish(store, run_id, effect)
    assert await lane_of(store, 0, effect.lane) == [effect.id]


async def test_many_forwarders_bring_everything_once_and_in_order(fleet: Fleet) -> None:
    store = await fleet.store()
    session, account = await in_cell(store, 0), account_in(store, 1)
    effects = []
    for number in range(40):
        run_id = await submit(store, session)
        effects.append(
            DeliveryQueue(store).prepare(message("1", f"m{number}", account=account, run_id=run_id))
        )
        await finish(store, run_id, effects[-1])
    forwarders = [Forwarder(await fleet.store(), store.all[0]) for _ in range(4)]
    async with asyncio.timeout(10):
        await asyncio.gather(*(forwarder.look() for forwarder in forwarders))
    assert await lane_of(store, 1, effects[0].lane) == [effect.id for effect in effects]
    for here in store.all:
        assert await here.client.execute("XLEN", here.keys.outbox("c1")) == 0


async def test_what_an_outdated_forwarder_brings_late_is_refused(fleet: Fleet) -> None:
    store = await fleet.store()
    session, account = await in_cell(store, 0), account_in(store, 1)
    run_id = await submit(store, session)
    effect = DeliveryQueue(store).prepare(message("1", account=account, run_id=run_id))
    await finish(store, run_id, effect)
    here, there = store.all
    ((entry_id, fields),) = await here.client.execute("XRANGE", here.keys.outbox("c1"), "-", "+")
    await forward(store)
    # It was delivered, and its record is gone, when the frozen process goes on.
    await there.client.execute("DEL", there.keys.record(DELIVERY, effect.id))
    await there.client.execute("DEL", there.keys.lane(DELIVERY, effect.lane))
    ms, _, number = entry_id.partition(b"-")
    reply = await there.scripts.call("arrive", ("c0:c1", ms, number, *fields))
    assert reply == b"known"
    assert await lane_of(store, 1, effect.lane) == []


async def test_while_a_cell_is_away_what_is_for_it_waits_and_nothing_else(fleet: Fleet) -> None:
    whole = await fleet.store()
    session = await in_cell(whole, 0)
    run_id = await submit(whole, session)
    queue = DeliveryQueue(whole)
    there = queue.prepare(message("1", account=account_in(whole, 1), run_id=run_id))
    event = whole.all[0].system_events.new(await in_cell(whole, 0, 1), "main", "told", wake=False)
    await finish(whole, run_id, there, event)
    away = await fleet.without(1)
    async with asyncio.timeout(5):
        await Forwarder(away, away.all[0]).look()
    assert await lane_of(whole, 1, there.lane) == []
    assert [e.text for e in await whole.system_events.pending(event.session_key)] == ["told"]
    await forward(whole)
    assert await lane_of(whole, 1, there.lane) == [there.id]


async def test_a_system_event_for_a_session_of_another_cell_arrives_there(fleet: Fleet) -> None:
    store = await fleet.store()
    run_id = await submit(store, await in_cell(store, 0))
    session = await in_cell(store, 1)
    event = store.all[0].system_events.new(session, "main", "told", wake=True)
    await finish(store, run_id, event)
    await forward(store)
    assert [told.text for told in await store.system_events.pending(session)] == ["told"]
    woken = await store.all[1].schedule.names("wake")
    assert woken == {f"wake:main:{session}"}


async def test_a_forwarder_is_woken_by_what_is_laid_down(fleet: Fleet) -> None:
    store = await fleet.store()
    forwarder = Forwarder(store, store.all[0])
    serving = asyncio.create_task(forwarder.run())
    run_id = await submit(store, await in_cell(store, 0))
    effect = DeliveryQueue(store).prepare(message("1", account=account_in(store, 1), run_id=run_id))
    await finish(store, run_id, effect)
    async with asyncio.timeout(5):
        while not await lane_of(store, 1, effect.lane):
            await asyncio.sleep(0.01)
        forwarder.stop()
        await serving
