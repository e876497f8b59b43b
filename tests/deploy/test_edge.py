"""Ways in from outside, and Prometheus' way to the side port."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from openclaw_common.runtime import health
from openclaw_common.runtime.config import Config
from tests.deploy.kubectl import COMPONENTS, OVERLAYS, Resource, overlay, with_components
from tests.deploy.pods import SERVICES, configuration, of_kind, only, ports
from tests.deploy.schemas import faults
from tests.harness.processes import ROOT

NGINX = "nginx.ingress.kubernetes.io/"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return with_components(tmp_path_factory.mktemp("all"), *COMPONENTS)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", OVERLAYS)
def test_a_service_leads_to_the_ports_of_its_pods(name: str, service: str) -> None:
    found = only(overlay(name), "Service", f"openclaw-{service}")
    template = only(overlay(name), "Deployment", f"openclaw-{service}")["spec"]["template"]
    assert found["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert {port["targetPort"] for port in found["spec"]["ports"]} == set(
        ports(overlay(name), service)
    )


def test_an_http_route_has_no_deadline_and_leads_to_the_ingress(everything: list[Resource]) -> None:
    (rule,) = only(everything, "HTTPRoute", "openclaw")["spec"]["rules"]
    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    (backend,) = rule["backendRefs"]
    service = only(everything, "Service", backend["name"])
    assert backend["port"] in {
        it["port"] for it in service["spec"]["ports"] if it["name"] == "http"
    }


def test_an_http_route_is_of_a_gateway_that_ends_tls(everything: list[Resource]) -> None:
    route = only(everything, "HTTPRoute", "openclaw")["spec"]
    (parent,) = route["parentRefs"]
    gateway = only(everything, "Gateway", parent["name"])["spec"]
    (listener,) = (it for it in gateway["listeners"] if it["name"] == parent["sectionName"])
    assert (listener["protocol"], listener["tls"]["mode"]) == ("HTTPS", "Terminate")
    assert route["hostnames"] == [listener["hostname"]]


def test_an_ingress_passes_streams_on_and_bodies_of_every_size_that_we_take(
    everything: list[Resource],
) -> None:
    ingress = only(everything, "Ingress", "openclaw")
    settings = {
        key.removeprefix(NGINX): value
        for key, value in ingress["metadata"]["annotations"].items()
        if key.startswith(NGINX)
    }
    config = Config()
    endpoints = config.gateway.http.endpoints
    assert settings["proxy-buffering"] == "off"
    assert int(settings["proxy-read-timeout"]) > 10 * config.ingress.sse_keep_alive_seconds
    largest = max(endpoints.chat_completions.max_body_bytes, endpoints.responses.max_body_bytes)
    assert int(settings["proxy-body-size"].removesuffix("m")) * MIB > largest
    (host,) = ingress["spec"]["rules"]
    assert ingress["spec"]["tls"][0]["hosts"] == [host["host"]]
    (path,) = host["http"]["paths"]
    assert path["backend"]["service"] == {"name": "openclaw-ingress", "port": {"name": "http"}}


def test_no_way_in_leads_to_the_side_port(everything: list[Resource]) -> None:
    for kind in ("Ingress", "HTTPRoute"):
        for resource in of_kind(everything, kind):
            assert "health" not in str(resource["spec"])
            assert "18790" not in str(resource["spec"])


def test_behind_a_proxy_clients_are_told_apart(tmp_path: Path) -> None:
    for name in OVERLAYS:
        config = configuration(overlay(name), "ingress", tmp_path / name).config
        assert config.gateway.trusted_proxies


def test_an_idle_connection_is_closed_by_the_load_balancer_first(tmp_path: Path) -> None:
    config = configuration(overlay("production"), "ingress", tmp_path).config
    assert config.ingress.keep_alive_seconds > 600


def test_prometheus_finds_the_side_port_of_every_service(everything: list[Resource]) -> None:
    monitor = only(everything, "ServiceMonitor", "openclaw")["spec"]
    (endpoint,) = monitor["endpoints"]
    assert endpoint["path"] == health.METRICS
    found = {
        service["metadata"]["name"]
        for service in of_kind(everything, "Service")
        if monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        and endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    }
    assert found == {f"openclaw-{service}" for service in SERVICES}


def test_the_pages_command_makes_prometheus_rules_of_our_alerts() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^```sh\n(for kind .+?)\| kubectl .+?^```", page, re.M | re.S)
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=True)
    made = [it for it in yaml.safe_load_all(done.stdout) if it]
    assert [it["metadata"]["name"] for it in made] == ["openclaw-rules", "openclaw-alerts"]
    assert [fault for it in made for fault in faults(it)] == []
    kept = ROOT / "deploy" / "observability" / "rules" / "gateway.alerts.yml"
    assert made[1]["spec"] == yaml.safe_load(kept.read_text(encoding="utf-8"))


def test_series_have_the_job_that_the_alerts_ask_for(everything: list[Resource]) -> None:
    monitor = only(everything, "ServiceMonitor", "openclaw")["spec"]
    service = only(everything, "Service", "openclaw-ingress")
    job = service["metadata"]["labels"][monitor["jobLabel"]]
    rules = ROOT / "deploy" / "observability" / "rules" / "gateway.alerts.yml"
    assert f'up{{job="{job}"}}' in rules.read_text(encoding="utf-8")
