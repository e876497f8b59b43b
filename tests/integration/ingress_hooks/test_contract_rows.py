"""Every status and message of contract §3, one row each.

Four of its rows name things that cannot happen here and have none: 409 for a configuration that
changed meanwhile (it does not), and 503, 409 and 502 for a run that did not start in time, because
a run is answered once it is durable, and waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.ingress_hooks.hooked import BEARER, TOKEN, config_of, hooked

QUERY_TOKEN = (
    "Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header"
    " (query parameters are not allowed)."
)
KEY_DISABLED = (
    "sessionKey is disabled for externally supplied hook payload values; set"
    " hooks.allowRequestSessionKey=true to enable"
)
MESSAGE = {"message": "hi"}


@dataclass(frozen=True)
class Row:
    """A request under `/hooks`, and what it is answered; `hooks` is laid over the configuration."""

    path: str
    body: Any
    status: int
    message: str | None = None
    hooks: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=lambda: BEARER)
    answer: dict[str, Any] | None = None


def mapped(mapping: dict[str, Any], **hooks: Any) -> dict[str, Any]:
    return {"mappings": [{"match": {"path": "m"}, "messageTemplate": "x", **mapping}], **hooks}


TRANSFORMS = "tests.integration.ingress_hooks.transforms"
NOBODY: dict[str, str] = {}
OTHER = {"X-OpenClaw-Token": "wrong"}
HEADER = {"X-OpenClaw-Token": TOKEN}
KEYED = {**MESSAGE, "sessionKey": "hook:a"}
DELIVERED = {**MESSAGE, "channel": "signal", "to": "+1"}

PIPELINE = [
    Row("/agent?token=x", MESSAGE, 400, QUERY_TOKEN),
    Row("/agent?token=", MESSAGE, 400, QUERY_TOKEN, method="GET", headers=NOBODY),
    Row("/agent", None, 405, "Method Not Allowed", method="GET", headers=NOBODY),
    Row("", None, 405, "Method Not Allowed", method="PUT"),
    Row("/agent", MESSAGE, 401, "Unauthorized", headers=NOBODY),
    Row("/agent", MESSAGE, 401, "Unauthorized", headers=OTHER),
    Row("/nowhere", MESSAGE, 401, "Unauthorized", headers=NOBODY),
    Row("/agent", MESSAGE, 401, "Unauthorized", headers={**HEADER, "Authorization": "Bearer x"}),
    Row("/agent", MESSAGE, 200, headers=HEADER),
    Row("/agent", MESSAGE, 200, headers={"Authorization": f"bearer  {TOKEN} "}),
    Row("/agent", MESSAGE, 200, headers={**HEADER, "Authorization": "Bearer "}),
    Row("", MESSAGE, 404, "Not Found"),
    Row("/", MESSAGE, 404, "Not Found"),
    Row("/nowhere", MESSAGE, 404, "Not Found"),
    Row("/agent/x", MESSAGE, 404, "Not Found"),
    Row("/agent/", MESSAGE, 200),
    Row("/agent", b"x" * 65, 413, "payload too large", {"maxBodyBytes": 64}),
    Row("/m", b"x" * 65, 413, "payload too large", mapped({}, maxBodyBytes=64)),
    Row("/agent", b"{", 400, "Invalid request body"),
    Row("/m", b"{", 400, "Invalid request body", mapped({})),
    Row("/agent", b"[1]", 400, "message required"),
    Row("/agent", b"7", 400, "message required"),
    Row("/agent", b"", 400, "message required"),
]

WAKE_NOW = {"ok": True, "mode": "now", "eventOutcome": "queued"}
WAKE = [
    Row("/wake", {}, 400, "text required"),
    Row("/wake", {"text": " "}, 400, "text required"),
    Row("/wake", {"text": 7}, 400, "text required"),
    Row("/wake", {"text": "x", "agentId": ""}, 400, "agentId must be a non-empty string"),
    Row("/wake", {"text": "x", "agentId": "nix"}, 400, 'unknown agentId "nix"'),
    Row(
        "/wake",
        {"text": "x", "mode": "next-heartbeat", "sessionKey": "hook:a"},
        400,
        "sessionKey requires mode=now",
    ),
    Row("/wake", {"text": "x", "sessionKey": "b"}, 400, "sessionKey must start with one of: hook:"),
    Row(
        "/wake",
        {"text": "x", "sessionKey": "hook:a"},
        400,
        KEY_DISABLED,
        {"allowRequestSessionKey": False},
    ),
    Row("/wake", {"text": "x"}, 200, answer=WAKE_NOW),
    Row("/wake", {"text": "x", "mode": "soon"}, 200, answer=WAKE_NOW),
    Row("/wake", {"text": "x", "sessionKey": "hook:a"}, 200, answer=WAKE_NOW),
    Row(
        "/wake",
        {"text": "x", "mode": "next-heartbeat"},
        200,
        answer={**WAKE_NOW, "mode": "next-heartbeat"},
    ),
]

AGENT = [
    Row("/agent", {}, 400, "message required"),
    Row("/agent", {"message": " "}, 400, "message required"),
    Row("/agent", {**MESSAGE, "agentId": " "}, 400, "agentId must be a non-empty string"),
    Row("/agent", {**MESSAGE, "agentId": 7}, 400, "agentId must be a non-empty string"),
    Row("/agent", {**MESSAGE, "agentId": "nix"}, 400, 'unknown agentId "nix"'),
    Row(
        "/agent",
        {**MESSAGE, "agentId": "ops"},
        400,
        "agentId is not allowed by hooks.allowedAgentIds",
        {"allowedAgentIds": ["main"]},
    ),
    Row(
        "/agent",
        MESSAGE,
        400,
        "agentId is not allowed by hooks.allowedAgentIds",
        {"allowedAgentIds": []},
    ),
    Row("/agent", {**MESSAGE, "agentId": "OPS"}, 200, hooks={"allowedAgentIds": ["*"]}),
    Row("/agent", {**MESSAGE, "agentId": "default"}, 200, hooks={"allowedAgentIds": ["main"]}),
    Row("/agent", KEYED, 400, KEY_DISABLED, {"allowRequestSessionKey": False}),
    Row(
        "/agent",
        {**MESSAGE, "sessionKey": "main"},
        400,
        "sessionKey must start with one of: hook:",
    ),
    Row(
        "/agent",
        {**MESSAGE, "sessionKey": "agent:ops:main"},
        400,
        "sessionKey must start with one of: hook:",
    ),
    Row(
        "/agent",
        {**MESSAGE, "sessionKey": "x"},
        400,
        "sessionKey must start with one of: hook:, ci:",
        {"allowedSessionKeyPrefixes": ["hook:", "CI:"]},
    ),
    Row("/agent", {**MESSAGE, "sessionKey": "x"}, 200, hooks={"allowRequestSessionKey": True}),
    Row(
        "/agent",
        {**MESSAGE, "sessionKey": "agent:main:cron:x"},
        400,
        "sessionKey cannot use reserved internal session namespaces",
        {"allowRequestSessionKey": True},
    ),
    Row(
        "/agent",
        {**MESSAGE, "sessionMode": "x"},
        400,
        "sessionMode must be isolated or persistent",
    ),
    Row(
        "/agent",
        {**MESSAGE, "sessionMode": "persistent"},
        400,
        "sessionKey is required when sessionMode is persistent",
    ),
    Row(
        "/agent",
        {**KEYED, "sessionMode": "persistent"},
        400,
        "hooks.allowedSessionKeyPrefixes is required when direct hook sessionMode is persistent",
        {"allowRequestSessionKey": True},
    ),
    Row("/agent", {**KEYED, "sessionMode": "persistent"}, 200),
    Row(
        "/agent",
        {**MESSAGE, "channel": "fax"},
        400,
        "channel must be last|discord|signal|slack|telegram",
    ),
    Row(
        "/agent",
        {**MESSAGE, "channel": 7},
        400,
        "channel must be last|discord|signal|slack|telegram",
    ),
    Row(
        "/agent",
        {**MESSAGE, "channel": "signal"},
        400,
        "channel and to must be set together for hook delivery",
    ),
    Row(
        "/agent",
        {**MESSAGE, "to": "+1"},
        400,
        "channel and to must be set together for hook delivery",
    ),
    Row(
        "/agent",
        {**MESSAGE, "channel": "last", "to": "+1"},
        400,
        "channel must name a concrete channel for hook delivery",
    ),
    Row("/agent", {**DELIVERED, "to": " "}, 400, "to must be a non-empty string for hook delivery"),
    Row("/agent", {**DELIVERED, "to": "a b"}, 400, "to: 'a b' is no target"),
    Row(
        "/agent",
        {**DELIVERED, "accountId": ""},
        400,
        "accountId must be a non-empty string for hook delivery",
    ),
    Row(
        "/agent",
        {**MESSAGE, "accountId": "a"},
        400,
        "accountId requires channel and to for hook delivery",
    ),
    Row("/agent", {**MESSAGE, "model": " "}, 400, "model required"),
    Row("/agent", {**MESSAGE, "waitForCompletion": 1}, 400, "waitForCompletion must be boolean"),
    Row("/agent", {**MESSAGE, "channel": "last"}, 200),
    Row("/agent", {**MESSAGE, "deliver": False, "to": "+1"}, 200),
    Row("/agent", DELIVERED, 200),
]

MAPPED = [
    Row("/m", {}, 400, "hook mapping requires message", mapped({"messageTemplate": "{{x}}"})),
    Row("/m", {}, 400, "hook mapping requires text", mapped({"action": "wake"})),
    Row(
        "/m",
        {},
        400,
        "hook mapping sessionKey template rendered empty",
        mapped({"sessionKey": "{{id}}"}, allowedSessionKeyPrefixes=["hook:"]),
    ),
    Row(
        "/m",
        {"id": "main"},
        400,
        "sessionKey must start with one of: hook:",
        mapped({"sessionKey": "{{id}}"}, allowedSessionKeyPrefixes=["hook:"]),
    ),
    Row(
        "/m",
        {"id": "hook:1"},
        400,
        KEY_DISABLED,
        mapped(
            {"sessionKey": "{{id}}"},
            allowedSessionKeyPrefixes=["hook:"],
            allowRequestSessionKey=False,
        ),
    ),
    Row(
        "/m",
        {},
        400,
        "hook mapping sessionKey requires wakeMode=now",
        mapped(
            {
                "action": "wake",
                "textTemplate": "x",
                "sessionKey": "hook:a",
                "wakeMode": "next-heartbeat",
            }
        ),
    ),
    Row(
        "/m",
        {},
        400,
        "sessionKey or hooks.defaultSessionKey is required when mapped hook sessionMode is"
        " persistent",
        mapped({"sessionMode": "persistent"}),
    ),
    Row(
        "/m",
        {},
        400,
        "hook mapping sessionMode must be isolated or persistent",
        mapped({"transform": f"{TRANSFORMS}:odd_mode"}),
    ),
    Row(
        "/m",
        {},
        400,
        "channel must be last|discord|signal|slack|telegram",
        mapped({"channel": "fax"}),
    ),
    Row(
        "/m",
        {},
        400,
        "channel and to must be set together for hook delivery",
        mapped({"channel": "signal"}),
    ),
    Row(
        "/m",
        {"a": "x" * 100},
        413,
        "hook mapping message is longer than 64 bytes; shorten its template or raise"
        " hooks.templateMaxBytes",
        mapped({"messageTemplate": "{{a}}"}, templateMaxBytes=64),
    ),
    Row("/m", {}, 500, "hook mapping failed", mapped({"transform": f"{TRANSFORMS}:broken"})),
    Row("/m", {}, 500, "hook mapping failed", mapped({"transform": f"{TRANSFORMS}:no_fields"})),
    Row("/m", {}, 204, hooks=mapped({"transform": f"{TRANSFORMS}:dropping"})),
    Row("/m", {}, 204, hooks=mapped({"forEach": "items"})),
    Row("/m", {"items": []}, 204, hooks=mapped({"forEach": "items"})),
    Row("/m", {"items": {"a": 1}}, 204, hooks=mapped({"forEach": "items"})),
    Row("/m", {}, 200, hooks=mapped({"agentId": "nix"})),
    Row("//m/", {}, 200, hooks=mapped({})),
    Row("/m/x", {}, 404, "Not Found", mapped({})),
    Row("/any", {}, 200, hooks={"mappings": [{"messageTemplate": "x"}]}),
    Row(
        "/m",
        {},
        200,
        hooks=mapped({"action": "wake", "textTemplate": "ping"}),
        answer=WAKE_NOW,
    ),
    Row(
        "/m",
        {"items": [{"id": 1}, {"id": 2}]},
        400,
        "hook fan-out incomplete: 0/2 dispatched, 2 failed, 0 pending",
        mapped({"forEach": "items", "messageTemplate": "{{items[0].text}}"}),
    ),
]


@pytest.mark.parametrize(
    "row", [*PIPELINE, *WAKE, *AGENT, *MAPPED], ids=lambda row: f"{row.path}-{row.status}"
)
async def test_a_request_gets_the_status_and_the_message_of_the_contract(
    row: Row, valkey_url: str
) -> None:
    agents = {"entries": {"main": {"default": True}, "ops": {}}}
    async with hooked(config_of(valkey_url, row.hooks, agents=agents)) as gateway:
        sent = {"data": row.body} if isinstance(row.body, bytes) else {"json": row.body}
        answer, body = await gateway.ask(
            row.method, f"/hooks{row.path}", headers=row.headers, **sent
        )
        assert answer.status == row.status, body
        if row.message is not None:
            assert body["ok"] is False
            assert body["error"]["message"] == row.message
            assert body["error"]["type"]
            assert await gateway.runs() == 0
        elif row.status == 204:
            assert body == ""
        elif row.answer is not None:
            assert body == row.answer
        else:
            assert body == {"ok": True, "runId": body["runId"]}
            assert (await gateway.run(body["runId"])).source == "hook"
        assert answer.headers.get("Allow") == ("POST" if row.status == 405 else None)


async def test_a_body_that_does_not_come_is_408(valkey_url: str) -> None:
    config = config_of(valkey_url)
    ingress = config.ingress.model_copy(update={"body_timeout_seconds": 0.2})
    async with hooked(config.model_copy(update={"ingress": ingress})) as gateway:

        async def never() -> Any:
            yield b"{"
            await asyncio.Event().wait()

        answer, body = await gateway.post("/agent", data=never())
        assert (answer.status, body["error"]["message"]) == (408, "request body timeout")


async def test_hooks_that_are_off_are_unknown_paths(valkey_url: str) -> None:
    async with hooked(config_of(valkey_url, {"enabled": False})) as gateway:
        answer, body = await gateway.post("/agent?token=x", MESSAGE)
        assert (answer.status, body["error"]["type"]) == (404, "not_found")


async def test_the_path_of_the_hooks_is_the_configured_one(valkey_url: str) -> None:
    async with hooked(config_of(valkey_url, {"path": "in/hooks/"})) as gateway:
        sent = {"headers": BEARER, "json": MESSAGE}
        assert (await gateway.ask("POST", "/in/hooks/agent", **sent))[0].status == 200
        assert (await gateway.ask("POST", "/hooks/agent", **sent))[0].status == 404


async def test_openclaws_own_error_form_is_there_for_its_clients(valkey_url: str) -> None:
    config = config_of(valkey_url, gateway={"auth": {"token": "t"}, "http": {"compat": "current"}})
    async with hooked(config) as gateway:
        answer, body = await gateway.post("/agent", {})
        assert (answer.status, body) == (400, {"ok": False, "error": "message required"})
