"""Autoscaling asks for what the code writes, in the measure in which the code works."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.runtime.metrics.instruments import STREAMS
from openclaw_common.store.keys import DELIVERY, RUN, Keys
from tests.deploy.kubectl import OVERLAYS, Resource, overlay, with_components
from tests.deploy.pods import configuration, container, of_kind, only, pod

PRODUCTION = overlay("production")


def lists(service: str) -> dict[str, int]:
    """The keys that KEDA counts for a service, each with what one replica stands for."""
    triggers = only(PRODUCTION, "ScaledObject", f"openclaw-{service}")["spec"]["triggers"]
    assert {trigger["type"] for trigger in triggers} == {"redis"}
    return {it["metadata"]["listName"]: int(it["metadata"]["listLength"]) for it in triggers}


def test_workers_follow_all_runs_that_are_not_ended() -> None:
    assert lists("agent-worker")[Keys().open(RUN)] == Config().worker.concurrency


def worker_scaling(resources: Iterable[Resource]) -> Any:
    return only(resources, "ScaledObject", "openclaw-agent-worker")["spec"]


def test_a_worker_stands_while_something_is_scheduled() -> None:
    others = {name: length for name, length in lists("agent-worker").items() if "run" not in name}
    assert set(others) == {Keys().schedule}
    assert others[Keys().schedule] >= 1_000_000_000


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_worker_that_starts_can_plan_what_the_configuration_schedules(
    name: str, tmp_path: Path
) -> None:
    """None may run only where the configuration has nothing for a worker to plan."""
    config = configuration(overlay(name), "agent-worker", tmp_path).config
    beats = [config.agents.entries[each].heartbeat for each in config.agents.heartbeat_ids]
    planned = [*config.cron.jobs, *(each for each in beats if each.every_ms)]
    scaled = of_kind(overlay(name), "ScaledObject")
    assert not planned or not scaled or worker_scaling(scaled)["minReplicaCount"] >= 1


def test_workers_go_to_zero_where_that_is_asked_for(tmp_path: Path) -> None:
    scaled = with_components(tmp_path, "autoscale-workers", "workers-to-zero")
    assert worker_scaling(scaled)["minReplicaCount"] == 0


def test_delivery_follows_all_deliveries_that_are_not_ended_and_never_goes_to_zero() -> None:
    scaled = only(PRODUCTION, "ScaledObject", "openclaw-delivery")["spec"]
    assert set(lists("delivery")) == {Keys().open(DELIVERY)}
    assert scaled["minReplicaCount"] >= 1


def test_the_ingress_follows_its_open_streams() -> None:
    metrics = only(PRODUCTION, "HorizontalPodAutoscaler", "openclaw-ingress")["spec"]["metrics"]
    (streams,) = (it["pods"] for it in metrics if it["type"] == "Pods")
    assert streams["metric"]["name"] == STREAMS.prometheus
    assert int(streams["target"]["averageValue"]) * 2 <= Config().ingress.max_streams


@pytest.mark.parametrize("kind", ["HorizontalPodAutoscaler", "ScaledObject"])
def test_only_one_sets_the_replicas_of_a_deployment(kind: str) -> None:
    for scaler in of_kind(PRODUCTION, kind):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        assert "replicas" not in only(PRODUCTION, "Deployment", target)["spec"]


def test_scaling_down_is_slower_than_up() -> None:
    for scaler in (
        *of_kind(PRODUCTION, "HorizontalPodAutoscaler"),
        *of_kind(PRODUCTION, "ScaledObject"),
    ):
        spec = scaler["spec"]
        behavior = (
            spec.get("behavior") or spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        )
        assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 300


def test_keda_is_told_of_redis_by_the_secret_that_the_services_read() -> None:
    (authentication,) = of_kind(PRODUCTION, "TriggerAuthentication")
    refs = authentication["spec"]["secretTargetRef"]
    parameters = {ref["parameter"] for ref in refs if ref["name"] == "openclaw-redis"}
    assert parameters == {"address", "username", "password", "tls"}


def test_keda_trusts_whom_the_services_trust() -> None:
    (authentication,) = of_kind(PRODUCTION, "TriggerAuthentication")
    (volume,) = (it for it in pod(PRODUCTION, "ingress")["volumes"] if it["name"] == "redis-tls")
    given = {
        ref["parameter"]: ref["key"]
        for ref in authentication["spec"]["secretTargetRef"]
        if ref["name"] == volume["secret"]["secretName"]
    }
    assert given == {"ca": "ca.crt", "cert": "tls.crt", "key": "tls.key"}


@pytest.mark.parametrize("service", ["ingress", "agent-worker", "delivery"])
def test_memory_is_bounded_and_cpu_is_not(service: str) -> None:
    resources = container(PRODUCTION, service)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}
