"""What the metrics tell of Redis."""

from __future__ import annotations

from openclaw_common.runtime.config.limits import Redis, Runs
from openclaw_common.runtime.metrics.instruments import QUEUE_AGE, QUEUE_DEPTH
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.store.fleet_watch import REDIS, FleetWatch
from openclaw_common.store.store import Store
from tests.harness.processes import free_port


def told(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    return {family.instrument.name: dict(family.numbers) for family in metrics.collect()}


async def test_an_empty_queue_is_told_for_both_kinds_of_job(valkey_url: str) -> None:
    store = await Store.connect(Redis(url=valkey_url), Runs(), role="test")
    metrics = Metrics()
    watch = FleetWatch((store.run_jobs, store.delivery_jobs), metrics)
    try:
        await watch.refresh()
    finally:
        await store.close()
    found = told(metrics)
    assert {labels[0] for labels in found[QUEUE_AGE.name]} == {"runs", "deliveries"}
    assert found[QUEUE_DEPTH.name]["runs", "open", store.keys.cell] == 0


async def test_without_redis_nothing_is_told_and_nothing_is_raised() -> None:
    away = Redis(url=f"redis://127.0.0.1:{free_port()}/0", timeout_ms=200)
    store = await Store.connect(away, Runs(), role="test")
    metrics = Metrics()
    watch = FleetWatch((store.run_jobs,), metrics)
    try:
        await watch.refresh()
    finally:
        await store.close()
    assert told(metrics) == {}
    assert watch.failing == [REDIS]
