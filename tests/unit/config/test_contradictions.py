"""Settings that are each fine alone and cannot go together are refused at start, with the place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openclaw_common.runtime.config import Config, ConfigError, LoadedConfig

Load = Callable[..., LoadedConfig]
Problems = Callable[..., list[str]]

PROXY = {"mode": "trusted-proxy", "trustedProxy": {"userHeader": "x-user"}}
TOKEN = {"auth": {"token": "t"}}
HOOKS = {"enabled": True, "token": "h"}


def _provider(**keys: Any) -> dict[str, Any]:
    return {"models": {"providers": {"p": {"baseUrl": "http://p", **keys}}}}


CASES: list[tuple[dict[str, Any], str]] = [
    (
        {"gateway": {"auth": {"token": "t", "password": "p"}}},
        "gateway.auth: a token and a password are both set",
    ),
    ({"gateway": {"auth": {"mode": "token"}}}, "gateway.auth.token: is required"),
    ({"gateway": {"auth": {"mode": "token", "token": "  "}}}, "gateway.auth.token: is required"),
    ({"gateway": {"auth": {"mode": "password"}}}, "gateway.auth.password: is required"),
    (
        {"gateway": {"auth": {"mode": "trusted-proxy"}, "trustedProxies": ["10.0.0.1"]}},
        "gateway.auth.trustedProxy.userHeader: is required",
    ),
    ({"gateway": {"auth": PROXY}}, "gateway.trustedProxies: is required"),
    (
        {"gateway": {"auth": PROXY, "trustedProxies": ["10.0.0.1", "proxy.example"]}},
        "gateway.trustedProxies[1]: must be an IP address or a network",
    ),
    (
        {"gateway": {"bind": "lan", "auth": {"mode": "none"}}},
        'gateway.auth.mode: "none" together with gateway.bind "lan" lets everybody in',
    ),
    ({"gateway": {"bind": "tailnet", "auth": {"mode": "none"}}}, 'gateway.auth.mode: "none"'),
    (
        {"gateway": {"bind": "custom", "customBindHost": "10.1.1.1", "auth": {"mode": "none"}}},
        'gateway.auth.mode: "none"',
    ),
    (
        {"gateway": {"bind": "custom", "customBindHost": "0.0.0.0", "auth": {"mode": "none"}}},
        'gateway.auth.mode: "none"',
    ),
    ({"gateway": {"bind": "custom", **TOKEN}}, "gateway.customBindHost: must be an IP address"),
    (
        {"gateway": {"bind": "custom", "customBindHost": "host", **TOKEN}},
        "gateway.customBindHost: must be an IP address",
    ),
    (
        {"runs": {"leaseMs": 5999, "renewMs": 2000}},
        "runs.renewMs: must not be more than 1/3 of leaseMs; 2000 is more than 1999.67",
    ),
    ({"runs": {"renewMs": 2001}}, "runs.renewMs: must not be more than 1/3 of leaseMs"),
    (
        {"runs": {"maxQueuedPerSession": 11, "maxQueued": 10}},
        "runs.maxQueuedPerSession: must not be more than maxQueued; 11 is more than 10",
    ),
    ({"runs": {"quarantineAfterCrashes": 6}}, "runs.quarantineAfterCrashes: must not be more"),
    ({"runs": {"streamRetentionSeconds": 86401}}, "runs.streamRetentionSeconds: must not be more"),
    ({"runs": {"idempotencySeconds": 86401}}, "runs.idempotencySeconds: must not be more"),
    (
        {"ingress": {"maxConnections": 10, "maxConnectionsPerClient": 11}},
        "ingress.maxConnectionsPerClient: must not be more than maxConnections",
    ),
    ({"ingress": {"maxStreams": 20_001}}, "ingress.maxStreams: must not be more"),
    (
        {
            "gateway": {
                **TOKEN,
                "http": {
                    "endpoints": {
                        "chatCompletions": {"images": {"maxTotalBytes": 1, "maxBytes": 2}}
                    }
                },
            }
        },
        "gateway.http.endpoints.chatCompletions.images.maxBytes: must not be more than",
    ),
    (
        {"agents": {"list": [{"id": "a"}, {"id": "A"}], "entries": {"main": {}}}},
        'agents.list[1]: the agent id "a" is given twice',
    ),
    (
        {"agents": {"list": [{"id": "main"}], "entries": {"Main": {}}}},
        'agents.entries.Main: the agent id "main" is given twice',
    ),
    ({"agents": {"entries": {"-a": {}}}}, 'agents.entries["-a"]: an agent id is 1 to 64 of'),
    ({"agents": {"list": [{"id": "a" * 65}]}}, "agents.list[0]: an agent id is 1 to 64 of"),
    (
        {"agents": {"entries": {"a": {}, "b": {}}}},
        "agents.entries: several agents are configured and none is the default",
    ),
    (
        {"agents": {"entries": {"a": {"default": True}, "b": {"default": True}}}},
        "agents.entries: several agents are the default (a, b)",
    ),
    (
        {"agents": {"defaults": {"model": "nope/x"}}, **_provider()},
        'agents.defaults.model: "nope/x" names the provider "nope", which models.providers does not'
        " define (it has p)",
    ),
    (
        {
            "agents": {"list": [{"id": "a", "model": {"primary": "p/x", "fallbacks": ["q/y"]}}]},
            **_provider(),
        },
        'agents.list[0].model.fallbacks[0]: "q/y" names the provider "q"',
    ),
    (
        {"agents": {"entries": {"main": {"model": "gpt"}}}, **_provider()},
        'agents.entries.main.model: "gpt" is neither provider/model, an alias of',
    ),
    ({"models": {"providers": {"p": {}}}}, "models.providers.p.baseUrl: is required for the api"),
    (_provider(baseUrl="ftp://p"), "models.providers.p.baseUrl: must be an http:// or https://"),
    (_provider(baseUrl="http://"), "models.providers.p.baseUrl: must be an http:// or https://"),
    (
        _provider(models=[{"id": "a"}, {"id": "b"}, {"id": "a"}]),
        'models.providers.p.models[2].id: the model "a" is given twice',
    ),
    ({"hooks": {"enabled": True}}, "hooks.token: hooks.enabled requires hooks.token"),
    ({"hooks": {"enabled": True, "token": " "}}, "hooks.token: hooks.enabled requires"),
    (
        {"hooks": {**HOOKS, "defaultSessionKey": "x:1", "allowedSessionKeyPrefixes": ["hook:"]}},
        "hooks.defaultSessionKey: must match hooks.allowedSessionKeyPrefixes",
    ),
    (
        {"hooks": {**HOOKS, "allowedSessionKeyPrefixes": ["ci:"]}},
        "hooks.allowedSessionKeyPrefixes: must include 'hook:' when hooks.defaultSessionKey is",
    ),
    (
        {"hooks": {**HOOKS, "mappings": [{"sessionKey": "hook:{{id}}"}]}},
        "hooks.allowedSessionKeyPrefixes: is required when a hook mapping sessionKey uses",
    ),
    (
        {"hooks": {**HOOKS, "presets": ["gmail"]}},
        "hooks.allowedSessionKeyPrefixes: is required when a hook mapping sessionKey uses",
    ),
]


@pytest.mark.parametrize(("content", "complaint"), CASES, ids=[text for _, text in CASES])
def test_a_contradiction_is_told_with_the_place_to_change(
    content: dict[str, Any], complaint: str, problems: Problems
) -> None:
    content = {"gateway": {"auth": {"token": "t"}}, **content}
    found = problems(content, require_auth=True)
    assert len(found) == 1
    assert found[0].startswith(complaint)


FINE: list[dict[str, Any]] = [
    {"gateway": {"bind": "lan", "auth": PROXY, "trustedProxies": ["10.0.0.0/8", "::1"]}},
    {"gateway": {"bind": "custom", "customBindHost": "127.0.0.2", "auth": {"mode": "none"}}},
    {"gateway": {"bind": "auto", "auth": {"mode": "none"}}},
    {"runs": {"leaseMs": 300, "renewMs": 100, "retentionSeconds": 1}},
    {"agents": {"entries": {"a": {}, "b": {"default": True}}}},
    {"agents": {"entries": {"a": {}, "main": {}}}},
    {"agents": {"entries": {"only": {}}}},
    {"models": {"providers": {"b": {"api": "bedrock-converse-stream"}}}},
    {"hooks": {"enabled": False, "presets": ["gmail"]}},
    {"hooks": {**HOOKS, "allowedSessionKeyPrefixes": ["HOOK:"], "presets": ["gmail"]}},
    {"hooks": {**HOOKS, "allowedSessionKeyPrefixes": [""], "defaultSessionKey": "x"}},
    {"hooks": {**HOOKS, "allowedSessionKeyPrefixes": ["ci:"], "defaultSessionKey": "CI:1"}},
    {"hooks": {**HOOKS, "presets": ["gmail"], "mappings": [{"match": {"path": "gmail"}}]}},
]


@pytest.mark.parametrize("content", FINE, ids=str)
def test_what_goes_together_is_accepted(content: dict[str, Any], load: Load) -> None:
    assert load({"gateway": {"auth": {"token": "t"}}, **content}, require_auth=True).warnings == ()


@pytest.mark.parametrize("mode", ["token", "password"])
def test_a_process_that_asks_for_no_credential_needs_none(mode: str, load: Load) -> None:
    config = load({"gateway": {"auth": {"mode": mode}}}, require_auth=False).config
    config.check(require_auth=False)
    with pytest.raises(ConfigError, match=f"gateway.auth.{mode}: is required"):
        config.check()


def test_a_configuration_made_in_code_is_checked_too() -> None:
    config = Config.model_validate({"runs": {"lease_ms": 2, "renew_ms": 1}})
    with pytest.raises(ConfigError, match=r"runs\.renewMs: must not be more than 1/3 of leaseMs"):
        config.check(require_auth=False)


def test_a_default_yields_to_a_bound_that_is_set_below_it(load: Load) -> None:
    config = load(
        {
            "runs": {"leaseMs": 900, "retentionSeconds": 60, "maxQueued": 5, "maxCrashes": 1},
            "ingress": {"maxConnections": 10},
        }
    ).config
    runs, ingress = config.runs, config.ingress
    assert (runs.renew_ms, runs.idempotency_seconds, runs.stream_retention_seconds) == (300, 60, 60)
    assert (runs.max_queued_per_session, runs.quarantine_after_crashes) == (5, 1)
    assert (ingress.max_connections_per_client, ingress.max_streams) == (10, 10)


def test_the_gateways_token_for_hooks_is_a_warning(warnings: Callable[..., list[str]]) -> None:
    content = {"gateway": {"auth": {"token": "same"}}, "hooks": {"enabled": True, "token": "same"}}
    (warning,) = warnings(content)
    assert warning.startswith("hooks.token: is the gateway's own token or password")
    assert "same" not in warning


def test_a_token_beside_a_trusted_proxy_is_a_warning(warnings: Callable[..., list[str]]) -> None:
    gateway = {"auth": {**PROXY, "token": "t"}, "trustedProxies": ["10.0.0.1"]}
    (warning,) = warnings({"gateway": gateway})
    assert warning.startswith("gateway.auth.token: has no effect")


def test_a_binding_to_nobody_is_a_warning(warnings: Callable[..., list[str]]) -> None:
    bindings = [{"agentId": name, "match": {"channel": "telegram"}} for name in ("MAIN", "ops")]
    assert warnings({"bindings": bindings}) == ["bindings[1].agentId: names no configured agent"]


def test_a_cron_job_for_a_channel_that_is_not_configured_is_told(
    warnings: Callable[..., list[str]],
) -> None:
    job = {
        "id": "j",
        "schedule": {"kind": "every", "everyMs": 60_000},
        "payload": {"kind": "agentTurn", "message": "hello"},
        "delivery": {"channel": "telegrm", "to": "1"},
    }
    (warning,) = warnings({"cron": {"jobs": [job]}})
    assert warning.startswith('cron.jobs[0].delivery.channel: "telegrm" is no configured channel')


def test_an_open_channel_that_names_nobody_is_a_warning(warnings: Callable[..., list[str]]) -> None:
    channels = {"signal": {"dmPolicy": "open"}, "slack": {"dmPolicy": "open", "allowFrom": ["*"]}}
    (warning,) = warnings({"channels": channels})
    assert warning.startswith('channels.signal.allowFrom: has no "*"')
