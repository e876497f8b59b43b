"""docker-compose.yml against the code: times, ports, variables, and what is open to whom."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from openclaw_common.runtime.config import load_config
from openclaw_common.runtime.config.limits import Deliveries, Worker
from openclaw_common.runtime.config.root import Config
from tests.harness.processes import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
OURS = ("ingress", "agent-worker", "delivery")
SPARE_S = 10


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def _default(text: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def _published(service: str) -> list[str]:
    return [_default(port) for port in SERVICES[service].get("ports", [])]


@pytest.mark.parametrize(
    ("service", "drain_s"),
    [
        ("ingress", Config().ingress.drain_seconds),
        ("agent-worker", Worker().drain_seconds),
        ("delivery", Deliveries().drain_seconds),
    ],
)
def test_a_service_is_given_longer_to_stop_than_it_drains(service: str, drain_s: float) -> None:
    assert _seconds(SERVICES[service]["stop_grace_period"]) >= drain_s + SPARE_S


@pytest.mark.parametrize("service", OURS)
def test_a_service_waits_for_valkey_and_is_gated_by_its_own_readiness(service: str) -> None:
    assert SERVICES[service]["depends_on"] == {"valkey": {"condition": "service_healthy"}}
    assert SERVICES[service]["healthcheck"]["test"] == ["CMD", "healthcheck", "/readyz"]
    assert SERVICES[service]["build"]["target"] == service


def test_the_proxy_waits_for_an_ingress_that_is_ready() -> None:
    assert SERVICES["proxy"]["depends_on"] == {"ingress": {"condition": "service_healthy"}}


def test_the_proxy_tells_clients_when_to_come_back_where_no_ingress_is_ready() -> None:
    proxy = (ROOT / "deploy/compose/proxy/haproxy.cfg").read_text(encoding="utf-8")
    found = re.search(
        r"^    http-error status 503 .* string '(.+)' hdr Retry-After 1$", proxy, re.M
    )
    assert found is not None
    assert json.loads(found[1])["error"]["code"] == "gateway_unavailable"


def test_ingress_and_workers_have_replicas() -> None:
    assert [SERVICES[name]["deploy"]["replicas"] for name in ("ingress", "agent-worker")] == [2, 2]


@pytest.mark.parametrize("service", [*OURS, "valkey", "proxy", "local-model"])
def test_a_container_can_change_nothing_but_its_volumes(service: str) -> None:
    settings = SERVICES[service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]


def test_nothing_is_published_but_on_this_host() -> None:
    assert _published("proxy") == ["127.0.0.1:18789:18789"]
    published = [port for name in SERVICES for port in _published(name)]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_valkey_syncs_every_write_evicts_nothing_and_is_alone_with_the_services() -> None:
    words = SERVICES["valkey"]["command"]
    pairs = dict(zip(words[1::2], words[2::2], strict=True))
    assert pairs["--appendonly"] == "yes"
    assert pairs["--appendfsync"] == "always"
    assert pairs["--maxmemory-policy"] == "noeviction"
    assert SERVICES["valkey"]["volumes"] == ["valkey-data:/data"]
    inside = [name for name in SERVICES if "store" in SERVICES[name].get("networks", [])]
    assert inside == ["valkey", *OURS]
    assert FILE["networks"]["store"] == {"internal": True}


def test_what_is_no_part_of_a_gateway_is_in_a_profile() -> None:
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert {name for name, of in profiles.items() if of is None} == {"valkey", "proxy", *OURS}
    named = {profile for of in profiles.values() for profile in of or ()}
    assert named == {"local-model", "signal", "observability"}


def test_env_example_names_every_variable_and_no_other() -> None:
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", ENV_EXAMPLE, re.M))
    assert named - {"COMPOSE_PROFILES"} == used


def test_every_default_that_env_example_shows_is_the_one_that_holds() -> None:
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]+)\}", TEXT))
    shown = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.+)$", ENV_EXAMPLE, re.M))
    assert {name: shown[name] for name in defaults} == defaults


def test_no_image_is_taken_at_whatever_version_is_newest() -> None:
    images = [service["image"] for service in SERVICES.values()]
    tags = [_default(image).rpartition(":")[2] for image in images]
    assert [tag for tag in tags if tag in ("", "latest")] == []


def test_the_ports_are_those_of_the_code() -> None:
    assert f"EXPOSE {Config().gateway.port}" in DOCKERFILE
    port = re.search(r"OPENCLAW_HEALTH_PORT=(\d+)", DOCKERFILE)
    assert port is not None
    prometheus = (ROOT / "deploy/observability/prometheus.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"port: (\d+)", prometheus)) == {port[1]}


@pytest.mark.parametrize("folder", ["deploy/compose/config", "tests/containers/config"])
def test_the_configuration_loads_and_is_behind_the_proxy(folder: str) -> None:
    path = ROOT / folder / "openclaw.json5"
    environ = {
        "OPENCLAW_GATEWAY_TOKEN": "token-of-a-test",
        "OPENCLAW_HOOKS_TOKEN": "hook-token-of-a-test",
        "TELEGRAM_BOT_TOKEN": "1:bot",
    }
    loaded = load_config(environ, path)
    assert loaded.warnings == ()
    assert loaded.config.gateway.bind_host() == "0.0.0.0"
    assert loaded.config.gateway.trusted_proxies
    assert loaded.config.redis.durability == "strict"
