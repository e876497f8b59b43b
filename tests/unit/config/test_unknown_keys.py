"""Keys that nobody knows are told with the nearest known one; OpenClaw's own are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openclaw_common.runtime.config import LoadedConfig

Warnings = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("content", "place", "near"),
    [
        ({"gatway": {}}, "gatway", "gateway"),
        ({"gateway": {"prot": 1}}, "gateway.prot", "gateway.port"),
        ({"gateway": {"auth": {"tokn": "x"}}}, "gateway.auth.tokn", "gateway.auth.token"),
        (
            {"gateway": {"auth": {"rateLimit": {"max_attempts": 1}}}},
            "gateway.auth.rateLimit.max_attempts",
            "gateway.auth.rateLimit.maxAttempts",
        ),
        ({"gateway": {"controlUI": {}}}, "gateway.controlUI", "gateway.controlUi"),
        (
            {"agents": {"list": [{"id": "a", "modle": "x"}]}},
            "agents.list[0].modle",
            "agents.list[0].model",
        ),
        (
            {"agents": {"entries": {"2b": {"nmae": "x"}}}},
            'agents.entries["2b"].nmae',
            'agents.entries["2b"].name',
        ),
        (
            {"agents": {"defaults": {"models": {"a/b": {"alais": "x"}}}}},
            'agents.defaults.models["a/b"].alais',
            'agents.defaults.models["a/b"].alias',
        ),
        (
            {"models": {"providers": {"x": {"baseUrl": "http://x", "apikey": "k"}}}},
            "models.providers.x.apikey",
            "models.providers.x.apiKey",
        ),
        (
            {"hooks": {"mappings": [{"messageTemplat": "x"}]}},
            "hooks.mappings[0].messageTemplat",
            "hooks.mappings[0].messageTemplate",
        ),
        ({"runs": {"leaseMS": 6000}}, "runs.leaseMS", "runs.leaseMs"),
        ({"runs": {"max_queued": None}}, "runs.max_queued", "runs.maxQueued"),
        (
            {"bindings": [{"agentId": "main", "match": {"channel": "x", "guildID": "1"}}]},
            "bindings[0].match.guildID",
            "bindings[0].match.guildId",
        ),
    ],
)
def test_a_misspelt_key_is_told_with_the_right_one(
    content: dict[str, Any], place: str, near: str, warnings: Warnings
) -> None:
    told = f"{place}: unknown key, ignored; did you mean {near}?"
    assert told in warnings(content)


def test_a_key_unlike_any_other_is_told_alone(warnings: Warnings) -> None:
    assert warnings({"gateway": {"xyzzy": 1}}) == ["gateway.xyzzy: unknown key, ignored"]


def test_an_unknown_key_changes_nothing(load: Callable[..., LoadedConfig]) -> None:
    assert load({"worker": {"Concurrency": 1, "concurrency_": 2}}).config.worker.concurrency == 32


def test_attributes_that_are_worked_out_are_no_keys(warnings: Warnings) -> None:
    (warning,) = warnings({"agents": {"defaults": {"allowedModels": ["a/b"]}}})
    assert warning.startswith("agents.defaults.allowedModels: unknown key, ignored")


def test_keys_of_openclaw_without_a_meaning_here_are_silent(warnings: Warnings) -> None:
    content = {
        "$schema": "x",
        "meta": {"lastTouchedVersion": "2026.9.6"},
        "wizard": {"lastRunAt": "x"},
        "logging": {"level": "info"},
        "gateway": {
            "mode": "local",
            "controlUi": {"enabled": False, "anything": 1},
            "tls": {"enabled": False, "certPath": "x"},
            "reload": {"mode": "off"},
            "tailscale": {"mode": "serve"},
            "tools": {"deny": ["x"]},
        },
        "agents": {"defaults": {"workspace": "~/x", "heartbeat": {"every": "30m"}}},
        "plugins": {"entries": {"x": {"apiKey": "${NOT_SET_AND_NOT_TOLD}"}}},
        "talk": {"apiKey": {"source": "exec", "id": "x"}},
    }
    assert warnings(content) == []


def test_a_channel_keeps_its_own_keys(load: Callable[..., LoadedConfig]) -> None:
    loaded = load({"channels": {"slack": {"slashCommand": {"enabled": True}, "mode": "http"}}})
    extra = loaded.config.channels["slack"].model_extra
    assert extra == {"slashCommand": {"enabled": True}, "mode": "http"}
    assert loaded.warnings == ()


def test_tls_that_is_asked_for_and_not_given_is_told(warnings: Warnings) -> None:
    (warning,) = warnings({"gateway": {"tls": {"enabled": True}}})
    assert warning.startswith("gateway.tls.enabled: has no effect here")


def test_null_and_empty_entries_count_as_not_given(load: Callable[..., LoadedConfig]) -> None:
    config = load(
        """
gateway: {port: null, auth:, customBindHost: ~}
agents:
  defaults: {models: {a/b:}, model:}
  entries: {main:, Ops: {default: true}}
models: {providers: {a: {baseUrl: "http://a", models: [{id: b, name:}]}}}
runs:
""",
        name="openclaw.yaml",
    ).config
    assert config.gateway.port == 18789
    assert sorted(config.agents.entries) == ["main", "ops"]
    assert config.agents.entries["main"].allowed_models == ("a/b",)
    assert config.runs.max_queued == 10_000
