"""A wrong type is told with the key's path as written and what was expected, all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Problems = Callable[..., list[str]]

CASES: list[tuple[dict[str, Any], str]] = [
    ({"gateway": 1}, "gateway: expected an object, got a number"),
    ({"gateway": {"port": "x"}}, "gateway.port: expected a whole number, got a text"),
    ({"gateway": {"port": True}}, "gateway.port: expected a whole number, got true or false"),
    ({"gateway": {"port": 1.5}}, "gateway.port: expected a whole number, got a number"),
    ({"gateway": {"port": -1}}, "gateway.port: expected at least 0, got -1"),
    ({"gateway": {"port": 70000}}, "gateway.port: expected at most 65535, got 70000"),
    (
        {"gateway": {"bind": "0.0.0.0"}},
        "gateway.bind: expected one of 'loopback', 'lan', 'auto', 'tailnet' or 'custom'",
    ),
    (
        {"gateway": {"auth": {"mode": "oauth"}}},
        "gateway.auth.mode: expected one of 'token', 'password', 'none' or 'trusted-proxy'",
    ),
    ({"gateway": {"auth": {"token": 12345}}}, "gateway.auth.token: expected a text, got a number"),
    (
        {"gateway": {"auth": {"rateLimit": {"maxAttempts": 0}}}},
        "gateway.auth.rateLimit.maxAttempts: expected more than 0, got 0",
    ),
    (
        {"gateway": {"auth": {"rateLimit": {"exemptLoopback": "yes"}}}},
        "gateway.auth.rateLimit.exemptLoopback: expected true or false, got a text",
    ),
    ({"gateway": {"trustedProxies": "x"}}, "gateway.trustedProxies: expected a list, got a text"),
    (
        {"gateway": {"trustedProxies": ["x", 3]}},
        "gateway.trustedProxies[1]: expected a text, got a number",
    ),
    (
        {"gateway": {"http": {"securityHeaders": {"strictTransportSecurity": True}}}},
        "gateway.http.securityHeaders.strictTransportSecurity: expected false or the header's text,"
        " got true or false",
    ),
    (
        {"gateway": {"http": {"endpoints": {"chatCompletions": {"images": []}}}}},
        "gateway.http.endpoints.chatCompletions.images: expected an object, got a list",
    ),
    (
        {"agents": {"defaults": {"model": 3}}},
        'agents.defaults.model: expected "provider/model" or an object { primary, fallbacks }',
    ),
    (
        {"agents": {"list": [{"id": "a", "model": {"fallbacks": "x"}}]}},
        "agents.list[0].model.fallbacks: expected a list, got a text",
    ),
    ({"agents": {"list": [{"name": "x"}]}}, "agents.list[0].id: is required"),
    (
        {"agents": {"entries": {"main": {"timeoutSeconds": -1}}}},
        "agents.entries.main.timeoutSeconds: expected at least 0, got -1",
    ),
    ({"agents": {"entries": []}}, "agents.entries: expected an object, got a list"),
    (
        {"agents": {"defaults": {"models": {"openai/gpt-4.1": {"alias": 3}}}}},
        'agents.defaults.models["openai/gpt-4.1"].alias: expected a text, got a number',
    ),
    (
        {"models": {"providers": {"x": {"models": [{"name": "n"}]}}}},
        "models.providers.x.models[0].id: is required",
    ),
    (
        {"models": {"providers": {"x": {"headers": {"X-A": 3}}}}},
        "models.providers.x.headers.X-A: expected a text, got a number",
    ),
    (
        {"models": {"providers": {"x": {"models": [{"id": "a", "cost": {"input": -1}}]}}}},
        "models.providers.x.models[0].cost.input: expected at least 0, got -1",
    ),
    ({"redis": {"timeoutMs": 0}}, "redis.timeoutMs: expected more than 0, got 0"),
    ({"redis": {"durability": "x"}}, "redis.durability: expected one of 'relaxed' or 'strict'"),
    ({"redis": {"url": "http://x"}}, "redis.url: must start with one of redis://, rediss://"),
    ({"runs": {"leaseMs": "soon"}}, "runs.leaseMs: expected a whole number, got a text"),
    ({"worker": {"concurrency": 0}}, "worker.concurrency: expected more than 0, got 0"),
    ({"ingress": {"maxStreams": 1e9999}}, "ingress.maxStreams: expected "),
    ({"session": {"reset": {"atHour": 24}}}, "session.reset.atHour: expected at most 23, got 24"),
    (
        {"session": {"resetByType": {"dm": {}}}},
        "session.resetByType.dm: expected one of 'direct', 'group' or 'thread'",
    ),
    ({"messages": {"queue": {"cap": 0}}}, "messages.queue.cap: expected more than 0, got 0"),
    ({"hooks": {"path": "/"}}, "hooks.path: may not be '/'"),
    ({"hooks": {"mappings": [3]}}, "hooks.mappings[0]: expected an object, got a number"),
    (
        {"hooks": {"mappings": [{"action": "x"}]}},
        'hooks.mappings[0]: the action must be "agent" or "wake"',
    ),
    (
        {"hooks": {"mappings": [{"action": {"kind": "x"}}]}},
        'hooks.mappings[0]: the action must be "agent" or "wake"',
    ),
    ({"hooks": {"mappings": [{"match": "x"}]}}, "hooks.mappings[0]: `match` must be an object"),
    (
        {"channels": {"telegram": {"dmPolicy": "x"}}},
        "channels.telegram.dmPolicy: expected one of 'pairing', 'allowlist', 'open' or 'disabled'",
    ),
    ({"channels": {"telegram": []}}, "channels.telegram: expected an object, got a list"),
    ({"bindings": [{"match": {}}]}, "bindings[0].agentId: is required"),
    ({"cron": {"enabled": 1}}, "cron.enabled: expected true or false, got a number"),
]


@pytest.mark.parametrize(("content", "complaint"), CASES, ids=[text for _, text in CASES])
def test_a_wrong_value_is_told_with_its_place(
    content: dict[str, Any], complaint: str, problems: Problems
) -> None:
    assert any(line.startswith(complaint) for line in problems(content))


def test_everything_that_is_wrong_is_told_at_once(problems: Problems) -> None:
    found = problems({"gateway": {"port": "x", "bind": "y"}, "runs": {"maxTries": 0}, "redsi": {}})
    assert [line.partition(":")[0] for line in found] == [
        "gateway.port",
        "gateway.bind",
        "runs.maxTries",
        "redsi",
    ]


def test_snake_case_is_for_code_only(problems: Problems) -> None:
    (found,) = problems({"agents": {"list": [{"agent_id": "x"}]}})[:1]
    assert found == "agents.list[0].id: is required"
