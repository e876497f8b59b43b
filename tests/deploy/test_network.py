"""Network policies allow the arrows of docs/architecture.md, and no other."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.runtime.config import Config
from tests.deploy.kubectl import COMPONENTS, Resource, overlay, with_components
from tests.deploy.pods import SERVICES, of_kind, ports

NAME = "app.kubernetes.io/name"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return with_components(tmp_path_factory.mktemp("all"), *COMPONENTS)


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    wanted = selector.get("matchLabels", {}).items()
    among = selector.get("matchExpressions", ())
    assert all(it["operator"] == "In" for it in among)
    return all(labels.get(key) == value for key, value in wanted) and all(
        labels.get(it["key"]) in it["values"] for it in among
    )


def peer_name(peer: dict[str, Any]) -> str:
    """A name for who stands at the other end of an arrow."""
    if "ipBlock" in peer:
        return "public" if peer["ipBlock"].get("except") else str(peer["ipBlock"]["cidr"])
    if "namespaceSelector" in peer:
        return str(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"])
    for component in (*SERVICES, "valkey"):
        if peer["podSelector"].get("matchLabels") == {NAME: f"openclaw-{component}"}:
            return component
    return ", ".join(
        it.removeprefix("openclaw-") for it in peer["podSelector"]["matchExpressions"][0]["values"]
    )


def arrows(resources: list[Resource], component: str, direction: str) -> set[tuple[str, object]]:
    """(who, port) of everything that may come in to (`from`) or go out of (`to`) a component."""
    found: set[tuple[str, object]] = set()
    for policy in of_kind(resources, "NetworkPolicy"):
        spec = policy["spec"]
        if not selects(spec["podSelector"], {NAME: f"openclaw-{component}"}):
            continue
        for rule in spec.get("ingress" if direction == "from" else "egress", ()):
            peers = {peer_name(peer) for peer in rule.get(direction, ())} or {"anyone"}
            found |= {(who, port["port"]) for who in peers for port in rule["ports"]}
    return found


WEB = {("public", port) for port in Config().egress.ports}
OUT_OF_ALL = {("kube-system", 53), ("valkey", 6379), ("observability", 4318)}


@pytest.mark.parametrize(
    ("component", "others"), [("ingress", set()), ("agent-worker", WEB), ("delivery", WEB)]
)
def test_what_goes_out_of_a_service(
    everything: list[Resource], component: str, others: set[tuple[str, object]]
) -> None:
    assert arrows(everything, component, "to") == OUT_OF_ALL | others


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("ingress", {("anyone", "http"), ("monitoring", "health")}),
        ("agent-worker", {("monitoring", "health")}),
        ("delivery", {("monitoring", "health")}),
        ("valkey", {("ingress, agent-worker, delivery", "redis"), ("keda", "redis")}),
    ],
)
def test_what_comes_in(
    everything: list[Resource], component: str, expected: set[tuple[str, object]]
) -> None:
    assert arrows(everything, component, "from") == expected


def test_whatever_no_policy_allows_is_denied(everything: list[Resource]) -> None:
    (deny,) = (
        it["spec"]
        for it in of_kind(everything, "NetworkPolicy")
        if it["metadata"]["name"] == "default-deny"
    )
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_named_ports_are_those_of_the_pods(everything: list[Resource]) -> None:
    for service in SERVICES:
        for _, port in arrows(everything, service, "from"):
            assert port in ports(everything, service)


@pytest.mark.parametrize(
    "inside", ["10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fd00::1"]
)
def test_the_public_is_not_the_inside(everything: list[Resource], inside: str) -> None:
    address = ipaddress.ip_address(inside)
    for policy in of_kind(everything, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", ()):
            for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer):
                network = ipaddress.ip_network(block["cidr"])
                left_out = [ipaddress.ip_network(it) for it in block["except"]]
                if address.version == network.version:
                    assert any(address in it for it in left_out)


def test_production_names_where_its_redis_is() -> None:
    production = list(overlay("production"))
    allowed = arrows(production, "ingress", "to") - OUT_OF_ALL
    assert {who for who, _ in allowed} == {"10.0.0.0/8"}
    assert {6379, 26379} <= {port for _, port in allowed}


def test_a_component_for_another_namespace_says_so_by_the_names_that_its_policies_use(
    tmp_path: Path,
) -> None:
    rendered = with_components(tmp_path, "otel", "network-policies")
    endpoints = {
        entry["value"]
        for deployment in of_kind(rendered, "Deployment")
        for entry in deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        if entry["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT"
    }
    assert endpoints == {"http://otel-collector.observability.svc:4318"}
