"""What the manifests say of our pods is what the code, the images and the platform do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import opentelemetry.sdk.environment_variables as sdk_variables
import pytest
import yaml

from openclaw_common.runtime import health
from openclaw_common.runtime.config import Config
from openclaw_ingress.readiness import REDIS
from openclaw_ingress.service import CLOSING_S, SHUTDOWN_S
from tests.deploy.kubectl import K8S, OVERLAYS, overlay, with_components
from tests.deploy.pods import SERVICES, configuration, container, environment, of_kind, pod, ports
from tests.harness.processes import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EVERY = [(name, service) for name in OVERLAYS for service in SERVICES]
MARGIN_S = 5
"""What a grace period leaves beyond what the code may take, in seconds."""


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_the_configuration_of_a_pod_loads_without_a_warning(
    name: str, service: str, tmp_path: Path
) -> None:
    loaded = configuration(overlay(name), service, tmp_path)
    assert loaded.warnings == ()
    assert loaded.path is not None


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_ports_are_those_that_the_process_listens_on(
    name: str, service: str, tmp_path: Path
) -> None:
    config = configuration(overlay(name), service, tmp_path).config
    expected = {"health": config.health.port}
    assert config.health.host == "0.0.0.0"
    if service == "ingress":
        expected["http"] = config.gateway.port
        assert config.gateway.bind_host() == "0.0.0.0"
    assert ports(overlay(name), service) == expected


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_probes_ask_what_the_side_port_answers(name: str, service: str) -> None:
    asked = container(overlay(name), service)
    # All replicas of the ingress lose Redis at once: without any, nobody says `Retry-After`.
    ready = f"{health.READY}?{health.ONCE}={REDIS}" if service == "ingress" else health.READY
    for probe, path in (
        ("startupProbe", health.STARTED),
        ("livenessProbe", health.LIVE),
        ("readinessProbe", ready),
    ):
        assert asked[probe]["httpGet"] == {"path": path, "port": "health"}


def stopping_s(config: Config, service: str) -> float:
    """How long a process may take from SIGTERM to its end, in seconds."""
    if service == "ingress":
        return config.ingress.drain_seconds + CLOSING_S + 2 * SHUTDOWN_S
    if service == "agent-worker":
        return config.worker.drain_seconds + 2 * config.runs.lease_ms / 1000
    return config.deliveries.drain_seconds + 2 * config.deliveries.lease_ms / 1000


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_the_grace_period_is_longer_than_the_drain(name: str, service: str, tmp_path: Path) -> None:
    config = configuration(overlay(name), service, tmp_path).config
    hooks = container(overlay(name), service).get("lifecycle", {})
    before_s = hooks.get("preStop", {}).get("sleep", {}).get("seconds", 0)
    grace_s = pod(overlay(name), service)["terminationGracePeriodSeconds"]
    assert grace_s >= before_s + stopping_s(config, service) + MARGIN_S


def test_only_the_ingress_waits_for_the_proxies_before_it_drains() -> None:
    waiting = [it for it in SERVICES if "lifecycle" in container(overlay("production"), it)]
    assert waiting == ["ingress"]


@pytest.mark.parametrize("service", SERVICES)
def test_variables_are_those_that_the_code_reads(service: str, tmp_path: Path) -> None:
    from_platform = {"POD_NAME", "POD_NAMESPACE"}
    env = {it["name"] for it in container(with_components(tmp_path, "otel"), service)["env"]}
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("libs", "services")
        for path in sorted((ROOT / folder).rglob("src/**/*.py"))
    )
    read = set(re.findall(r"\b(?:OPENCLAW|OTEL)_[A-Z_]+\b", sources)) | set(vars(sdk_variables))
    assert env - from_platform <= read


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_the_image_is_a_target_of_the_dockerfile_that_compose_builds(
    name: str, service: str
) -> None:
    image, _, tag = container(overlay(name), service)["image"].rpartition(":")
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    built = compose["services"][service]
    assert built["build"]["target"] == service
    assert f"FROM service AS {service}\n" in DOCKERFILE
    target = DOCKERFILE.partition(f"FROM service AS {service}\n")[2].partition("\nFROM ")[0]
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", target, re.M)
    assert json.loads(entry)[-1] == f"openclaw-{service}"
    assert not {"command", "args"} & set(container(overlay(name), service))
    assert image.rpartition("/")[2] == built["image"].partition(":")[0]
    assert tag == version()


def version() -> str:
    """Return the version of the workspace."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"', text, re.M)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_a_pod_is_restricted_and_of_the_images_user(name: str, service: str) -> None:
    spec, main = pod(overlay(name), service), container(overlay(name), service)
    user = spec["securityContext"]["runAsUser"]
    assert f"USER {user}:{spec['securityContext']['runAsGroup']}\n" in DOCKERFILE
    assert_restricted(spec)
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == f"openclaw-{service}"
    written = {it["mountPath"] for it in main["volumeMounts"] if not it.get("readOnly")}
    assert written == {"/var/lib/openclaw", "/tmp"}
    assert "HOME=/var/lib/openclaw" in DOCKERFILE


def test_the_valkey_to_try_with_is_restricted_too() -> None:
    (valkey,) = of_kind(overlay("dev"), "StatefulSet")
    assert_restricted(valkey["spec"]["template"]["spec"])


def assert_restricted(spec: dict[str, Any]) -> None:
    """Hold a pod to the standard `restricted` of Pod Security.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
    for each in spec["containers"]:
        assert each["securityContext"]["allowPrivilegeEscalation"] is False
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    kinds = {kind for volume in spec.get("volumes", ()) for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_namespace_refuses_pods_that_are_not_restricted(name: str) -> None:
    (namespace,) = of_kind(overlay(name), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    inside = {it["metadata"].get("namespace") for it in overlay(name) if it is not namespace}
    assert inside == {namespace["metadata"]["name"]}


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_no_service_of_the_cluster_can_set_our_variables(name: str, service: str) -> None:
    assert pod(overlay(name), service)["enableServiceLinks"] is False
    assert "OPENCLAW_GATEWAY_PORT" not in environment(overlay(name), service)


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_pods_spread_and_a_disruption_takes_one_at_a_time(name: str, service: str) -> None:
    labels = {"app.kubernetes.io/name": f"openclaw-{service}"}
    spread = pod(overlay(name), service)["topologySpreadConstraints"]
    assert {it["topologyKey"] for it in spread} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }
    assert all(it["labelSelector"]["matchLabels"] == labels for it in spread)
    (budget,) = (
        it["spec"]
        for it in of_kind(overlay(name), "PodDisruptionBudget")
        if it["spec"]["selector"]["matchLabels"] == labels
    )
    assert budget["maxUnavailable"] == 1


def test_a_changed_configuration_rolls_the_pods() -> None:
    for name in OVERLAYS:
        (config,) = of_kind(overlay(name), "ConfigMap")
        mounted = {
            volume["configMap"]["name"]
            for service in SERVICES
            for volume in pod(overlay(name), service)["volumes"]
            if "configMap" in volume
        }
        assert mounted == {config["metadata"]["name"]}
        assert re.fullmatch(r"openclaw-config-[a-z0-9]{10}", config["metadata"]["name"])
    assert "disableNameSuffixHash" not in (K8S / "base" / "kustomization.yaml").read_text("utf-8")
