"""No credential stands in a manifest; each service sees its own and no other's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openclaw_channels.registry import load_channels
from openclaw_common.runtime.config.channel_secrets import VARIABLES
from openclaw_common.runtime.known_secrets import secrets_in
from tests.deploy.kubectl import COMPONENTS, K8S, OVERLAYS, overlay, with_components
from tests.deploy.pods import CANARY, SERVICES, configuration, container, of_kind, pod
from tests.harness.processes import ROOT

CREDENTIAL = re.compile(
    r"(://[^/\s\"@]*:[^/\s\"@]+@)|(-----BEGIN )|\b(sk-[A-Za-z0-9]{8}|xox[abps]-|[0-9]{8,}:AA)"
)
A_NAME = re.compile(r"(token|password|secret|api_?key|credential)", re.I)


def test_no_file_holds_a_credential() -> None:
    for path in sorted(K8S.rglob("*")):
        if path.is_file():
            assert CREDENTIAL.search(path.read_text(encoding="utf-8")) is None, path


def test_the_only_secret_that_is_rendered_says_where_a_valkey_without_a_password_is(
    tmp_path: Path,
) -> None:
    (secret,) = of_kind(with_components(tmp_path, *COMPONENTS), "Secret")
    assert secret["stringData"] == {"OPENCLAW_REDIS_URL": "redis://openclaw-valkey:6379/0"}


@pytest.mark.parametrize("name", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_credentials_come_from_secrets_as_files(name: str, service: str, tmp_path: Path) -> None:
    for entry in container(overlay(name), service)["env"]:
        holds_a_path = entry.get("value", "").startswith("/run/secrets")
        assert holds_a_path or A_NAME.search(entry["name"]) is None
    (volume,) = (it for it in pod(overlay(name), service)["volumes"] if it["name"] == "secrets")
    assert {source["secret"]["name"] for source in volume["projected"]["sources"]} == {
        "openclaw-redis",
        f"openclaw-{service}",
    }
    config = configuration(overlay(name), service, tmp_path).config
    assert config.redis.url.get_secret_value() == CANARY["OPENCLAW_REDIS_URL"]
    mounted = set(secrets_in(config))
    assert (CANARY["OPENCLAW_GATEWAY_TOKEN"] in mounted) == (service == "ingress")


def test_the_page_names_the_tokens_with_which_files_of_chats_are_fetched() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `openclaw-agent-worker` \| (.+) \| agent worker \|$", page, re.M)
    fetching = [plugin.id for plugin in load_channels().values() if plugin.media is not None]
    tokens = {
        variable
        for channel in fetching
        for setting, variable in VARIABLES.get(channel, {}).items()
        if setting in ("token", "botToken")
    }
    assert tokens <= set(re.findall(r"[A-Z_]+_TOKEN", row))
