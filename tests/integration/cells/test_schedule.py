"""The schedule over two cells: a job is in one of them, its run in that of its session."""

from __future__ import annotations

import asyncio

from openclaw_agent_worker.schedule_plan import plan_schedule
from openclaw_agent_worker.scheduler import Scheduler
from openclaw_common.automation.cron_scheduler import CronScheduler
from openclaw_common.contracts.ids import cell_of
from openclaw_common.queue.forwarder import Forwarder
from openclaw_common.runtime.config import Config
from openclaw_common.store.cron_jobs import entry_of
from openclaw_common.store.pages import Place
from openclaw_common.store.run_lists import RunFilter
from openclaw_common.store.schedule import Origin
from openclaw_common.store.store import Store
from tests.integration.automation.support import job
from tests.integration.cells.support import Fleet, in_cell

CONFIG = Config.model_validate(
    {
        "agents": {
            "defaults": {"heartbeat": {"every": "1h"}},
            "entries": {name: {"default": name == "a0"} for name in ("a0", "a1", "a2", "a3")},
        },
        "cron": {
            "jobs": [
                {
                    "id": f"c{number}",
                    "schedule": {"kind": "every", "everyMs": 3_600_000},
                    "payload": {"kind": "agentTurn", "message": "hello"},
                }
                for number in range(8)
            ]
        },
    }
)


async def fire_all(store: Store) -> list[Place]:
    """Make everything due, let several schedulers fire it, and return the runs there are."""
    now_ms = await store.schedule.now_ms()
    for here in store.all:
        for entry in await here.client.execute("ZRANGE", here.keys.schedule, 0, -1):
            await here.client.execute("ZADD", here.keys.schedule, now_ms, entry)
    await asyncio.gather(
        *(Scheduler(CONFIG, store, here).look() for here in store.all for _ in range(2))
    )
    for here in store.all:
        await Forwarder(store, here).look()
    return list((await store.run_lists.page(RunFilter(), 100)).places)


async def test_what_the_configuration_has_is_in_the_cell_of_its_name_alone(fleet: Fleet) -> None:
    store = await fleet.store()
    for here in store.all:
        cron = CronScheduler(CONFIG, store, here.schedule)
        for _ in range(2):
            await plan_schedule(CONFIG, store, cron, here)
    names = [await here.schedule.names("cron") for here in store.all]
    assert names[0] | names[1] == {f"cron:c{number}" for number in range(8)}
    assert not names[0] & names[1]
    assert [record.name for record in await store.cron_jobs.all()]
    for here, some in zip(store.all, names, strict=True):
        assert all(store.named(name) is here for name in some)


async def test_each_tick_is_one_run_in_the_cell_of_its_session(fleet: Fleet) -> None:
    store = await fleet.store()
    cron = CronScheduler(CONFIG, store)
    for cell in (0, 1):
        for number in range(6):
            name = (await in_cell(store, cell, number)).removeprefix("agent:main:")
            target = f"session:{name}"
            made = job(session_target=target, agent_id="a0")
            await cron.put(f"j{cell}{number}", made, Origin.API, new=True)
    runs = await fire_all(store)
    assert len(runs) == 12
    records = await store.runs.get_all([place.id for place in runs])
    for record in records:
        assert record is not None
        assert (await store.at(record.session_key)).cell == cell_of(record.id)
    for scheduled in await store.cron_jobs.all():
        (tick,) = await store.cron_jobs.history(
            scheduled.name.removeprefix("cron:"), after="", limit=5
        )
        assert tick.run_id in {place.id for place in runs}
    assert await fire_all(store) != runs


async def test_a_job_is_found_by_its_name(fleet: Fleet) -> None:
    store = await fleet.store()
    cron = CronScheduler(CONFIG, store)
    for number in range(6):
        outcome = await cron.put(f"j{number}", job(agent_id="a0"), Origin.API, new=True)
        assert outcome == "created"
        assert await cron.put(f"j{number}", job(), Origin.API, new=True) == "exists"
    assert len(await store.cron_jobs.all()) == 6
    found = await store.cron_jobs.get("j3")
    assert found is not None
    assert await store.schedule.remove(entry_of("j3"), Origin.API) == "removed"
    assert await store.cron_jobs.get("j3") is None
