"""Real processes, watched through their side ports and their logs."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from openclaw_common.runtime.metrics.instruments import INSTRUMENTS
from tests.fakes.channels.faults import Fault
from tests.harness.fleet import HOOK_TOKEN, TOKEN
from tests.harness.observed import BOT_TOKEN, PROVIDER_KEY, ROLES, ObservedGateway

PLANTED = "the colour of the secret door is ultramarine"


@pytest_asyncio.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[ObservedGateway]:
    async with ObservedGateway(tmp_path) as started:
        yield started


async def measured(gateway: ObservedGateway) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples of all processes, added up, by name and by label values in the labels' order."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for role in ROLES:
        for family in text_string_to_metric_families(await gateway.metrics(role)):
            for sample in family.samples:
                values = found.setdefault(sample.name, {})
                labels = tuple(sample.labels.values())
                values[labels] = values.get(labels, 0) + sample.value
    return found


async def test_a_load_is_measured_in_every_process(gateway: ObservedGateway) -> None:
    await gateway.load()
    found = await measured(gateway)
    shown = {name for name in found if not name.endswith(("_bucket", "_sum", "_created"))}
    names = {
        f"{instrument.prometheus}_count" if instrument.buckets else instrument.prometheus
        for instrument in INSTRUMENTS
    }
    seldom = {
        "openclaw_queue_leases_lost_total",
        "openclaw_stream_broken_off_total",
        "openclaw_redis_errors_total",
        # Nobody writes in a chat here.
        "openclaw_message_inbound_total",
        "openclaw_receiver_failures_total",
    }
    assert names - shown - seldom == set()
    assert found["openclaw_message_delivery_total"]["telegram", "delivered"] == 3
    assert found["openclaw_message_delivery_total"]["telegram", "failed"] == 1
    assert found["openclaw_webhook_received_total"]["accepted", "agent"] == 4
    assert found["openclaw_webhook_received_total"]["refused", "agent"] == 1
    assert found["openclaw_tool_call_total"]["ok", "current_time"] == 1
    assert found["openclaw_queue_attempts_total"]["first", "runs"] == 12
    assert sum(found["openclaw_cost_usd_total"].values()) > 0
    statuses = {labels[-1] for labels in found["openclaw_run_completed_total"]}
    assert {"completed", "failed"} <= statuses


async def test_nothing_of_secrets_and_content_is_in_logs_spans_metrics_and_errors(
    gateway: ObservedGateway,
) -> None:
    answer = await gateway.chat(f"/fake say {PLANTED}", stream=False)
    gateway.telegram.plan(Fault.server_error(), Fault.permanent("chat"))
    run_id = (await gateway.hook(f"/fake say {PLANTED}"))["runId"]
    await gateway.hook(PLANTED, token="sk-wrong-0123456789abcdef0123")
    refused = await gateway.chat(f"/fake status code=401 {PLANTED}")
    await gateway.all_ended()
    assert PLANTED in answer
    texts = gateway.logs() | {role: await gateway.metrics(role) for role in ROLES}
    texts["error"] = refused
    texts["spans"] = await gateway.trace(run_id)
    assert "process deliveries" in texts["spans"]
    for where, text in texts.items():
        for secret in (BOT_TOKEN, PROVIDER_KEY, TOKEN, HOOK_TOKEN, "sk-wrong-0123456789"):
            assert secret not in text, where
        assert PLANTED not in text, where


async def test_lines_of_an_attempt_say_run_session_and_attempt(gateway: ObservedGateway) -> None:
    run_id = (await gateway.hook("/fake say hello"))["runId"]
    ended: dict[str, dict[str, Any]] = {}

    async def both_are_told() -> bool:
        lines = gateway.entries()
        ended.update({line["event"]: line for line in lines if line.get("run_id") == run_id})
        return {"attempt_ended", "delivery_attempt_ended"} <= ended.keys()

    await gateway.fleet.until(both_are_told, "the ends of both attempts are logged")
    for entry in ended.values():
        assert entry["attempt"] == 1
        assert entry["session_key"].startswith("agent:main:")


async def test_a_stalled_process_is_not_alive_a_killed_child_comes_back_and_a_drained_one_is_gone(
    gateway: ObservedGateway,
) -> None:
    worker = gateway.fleet.workers[0]
    killed = worker.pid
    worker.signal(signal.SIGSTOP)
    assert (await gateway.probe("agent-worker", "/livez"))[0] == 0
    worker.signal(signal.SIGCONT)
    assert (await gateway.probe("agent-worker", "/livez"))[0] == 200
    worker.kill()

    async def another_is_up() -> bool:
        children = worker.process.children()
        return bool(children) and children[0] != killed

    await gateway.fleet.until(another_is_up, "another child")
    await gateway.until_ready("agent-worker")
    child = gateway.delivery.children()[0]
    os.kill(child, signal.SIGTERM)
    assert await gateway.delivery.wait() == 0
    assert (await gateway.probe("delivery", "/livez"))[0] == 0
    assert (await gateway.probe("agent-worker", "/livez"))[0] == 200


async def test_without_redis_processes_live_and_are_not_ready(gateway: ObservedGateway) -> None:
    await gateway.fleet.stop_valkey()

    async def none_is_ready() -> bool:
        return all([(await gateway.probe(role, "/readyz"))[0] == 503 for role in ROLES])

    await gateway.fleet.until(none_is_ready, "no process is ready")
    for role in ROLES:
        assert '"redis"' in (await gateway.probe(role, "/readyz"))[1]
        assert (await gateway.probe(role, "/livez"))[0] == 200
        assert (await gateway.probe(role, "/metrics"))[0] == 200
    await gateway.fleet.start_valkey()
    for role in ROLES:
        await gateway.until_ready(role)
