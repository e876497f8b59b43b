"""A session that is deleted leaves nothing, in whichever cells its runs had something."""

from __future__ import annotations

import redis

from openclaw_common.queue.forwarder import Forwarder
from openclaw_common.queue.job_queue import DeliveryQueue
from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.store.inbound import EventMark
from openclaw_common.store.store import Store
from tests.integration.cells.support import (
    Fleet,
    account_in,
    finish,
    in_cell,
    message,
    submit,
)


def keys_with(urls: list[str], *parts: str) -> list[str]:
    """Return the keys of all cells whose name or value has one of `parts`."""
    found = []
    for url in urls:
        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter("*"):
                dumped = client.dump(key) or b""
                if any(part.encode() in key + dumped for part in parts):
                    found.append(key.decode())
    return found


async def forward(store: Store) -> None:
    for here in store.all:
        await Forwarder(store, here).look()


async def test_deliveries_in_another_cell_go_with_the_session(fleet: Fleet) -> None:
    store = await fleet.store()
    session = await in_cell(store, 0)
    run_id = await submit(store, session)
    request = message("1", "secret words", account=account_in(store, 1), run_id=run_id)
    effect = DeliveryQueue(store).prepare(request)
    await finish(store, run_id, effect)
    await forward(store)
    await store.deliveries.cancel(effect.id)
    await store.traces.write({run_id: b"spans"}, Tracing())
    assert len(keys_with(fleet.urls, run_id, effect.id)) > 6
    assert await store.session_steps.delete(session)
    await forward(store)
    assert keys_with(fleet.urls, run_id, effect.id, "secret words") == []


async def test_a_delivery_that_is_still_on_its_way_is_sent(fleet: Fleet) -> None:
    store = await fleet.store()
    session = await in_cell(store, 0)
    run_id = await submit(store, session)
    effect = DeliveryQueue(store).prepare(message("1", account=account_in(store, 1), run_id=run_id))
    await finish(store, run_id, effect)
    assert await store.session_steps.delete(session)
    await forward(store)
    record = await store.deliveries.get(effect.id)
    assert record is not None
    assert record.request.text == "x"


async def test_what_a_group_said_goes_with_the_session(fleet: Fleet) -> None:
    store = await fleet.store()
    session = await in_cell(store, 1)
    mark = EventMark("telegram", "default", "1", 60_000)
    await store.inbound.note_history(mark, session, "secret words", most=5, keep_ms=60_000)
    assert await store.session_steps.delete(session)
    assert keys_with(fleet.urls, session, "secret words") == []
