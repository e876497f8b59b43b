"""Autoscaling asks for what the code writes, in the measure in which the code works."""

from __future__ import annotations

import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.runtime.metrics.instruments import STREAMS
from openclaw_common.store.keys import DELIVERY, RUN, Keys
from tests.deploy.kubectl import overlay
from tests.deploy.pods import container, of_kind, only

PRODUCTION = overlay("production")


def lists(service: str) -> dict[str, int]:
    """The keys that KEDA counts for a service, each with what one replica stands for."""
    triggers = only(PRODUCTION, "ScaledObject", f"openclaw-{service}")["spec"]["triggers"]
    assert {trigger["type"] for trigger in triggers} == {"redis"}
    return {it["metadata"]["listName"]: int(it["metadata"]["listLength"]) for it in triggers}


def test_workers_follow_all_runs_that_are_not_ended() -> None:
    assert lists("agent-worker")[Keys().open(RUN)] == Config().worker.concurrency


def test_the_last_worker_stays_while_something_is_scheduled() -> None:
    scaled = only(PRODUCTION, "ScaledObject", "openclaw-agent-worker")["spec"]
    assert scaled["minReplicaCount"] == 0
    others = {name: length for name, length in lists("agent-worker").items() if "run" not in name}
    assert set(others) == {Keys().schedule}
    assert others[Keys().schedule] >= 1_000_000_000


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
    assert {ref["name"] for ref in refs} == {"openclaw-redis"}
    assert {ref["parameter"] for ref in refs} == {"address", "username", "password", "tls"}


@pytest.mark.parametrize("service", ["ingress", "agent-worker", "delivery"])
def test_memory_is_bounded_and_cpu_is_not(service: str) -> None:
    resources = container(PRODUCTION, service)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}
