"""`/v1/keys`: making, showing and revoking named API keys."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.integration.ingress_keys.house import CHAT, HELLO, House


async def test_a_key_is_shown_once_and_kept_as_a_digest(house: House) -> None:
    made = await house.make("chat", name="build server", tenant="acme")
    assert made["key"].startswith("ock_")
    assert made["prefix"] == made["key"][:10]
    _, read = await house.ask("GET", f"/v1/keys/{made['id']}")
    assert read == {name: value for name, value in made.items() if name != "key"}
    _, listed = await house.ask("GET", "/v1/keys")
    assert listed["data"] == [read]
    kept = await house.store.client.execute("HGETALL", house.store.keys.api_keys)
    assert made["key"][10:].encode() not in b"".join(kept)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"tenant": "Acme Inc"}, "tenant"),
        ({"tenant": "a:b"}, "tenant"),
        ({"agents": ["nobody"]}, "agents"),
        ({"agents": []}, "agents"),
        ({"limits": {"queued_runs": 0}}, "limits.queued_runs"),
        ({"limits": {"cups": 1}}, "limits"),
        ({"expires_at": 1}, "expires_at"),
        ({"color": "red"}, "color"),
    ],
)
async def test_what_makes_no_key_is_refused_by_name(
    house: House, change: dict[str, Any], param: str
) -> None:
    body = {"name": "a key", "scopes": ["chat"], **change}
    response, refusal = await house.ask("POST", "/v1/keys", body=body)
    assert (response.status, refusal["error"]["param"]) == (400, param)


async def test_a_revoked_key_is_refused_by_every_replica_within_a_second(house: House) -> None:
    made = await house.make("chat")
    for replica in range(3):
        response, _ = await house.ask("GET", "/v1/models", made["key"], replica=replica)
        assert response.status == 200
    response, revoked = await house.ask("DELETE", f"/v1/keys/{made['id']}", replica=0)
    since = time.monotonic()
    assert response.status == 200
    assert revoked["revoked_at"] is not None

    async def last_accepted(replica: int) -> float:
        """When the last request began that was still let in; refusals are answered late."""
        accepted = since
        while True:
            begun = time.monotonic()
            response, _ = await house.ask("GET", "/v1/models", made["key"], replica=replica)
            if response.status == 401:
                return accepted - since
            accepted = begun

    assert max(await asyncio.gather(*map(last_accepted, range(3)))) < 1.0
    again, _ = await house.ask("DELETE", f"/v1/keys/{made['id']}")
    assert again.status == 200


async def test_a_key_is_let_in_by_a_replica_that_refused_it_before_it_was_made(
    house: House,
) -> None:
    await house.key("chat")
    key = await house.key("chat")
    assert await house.status("GET", "/v1/models", key) in (200, 401)
    async with asyncio.timeout(1.0):
        while {await house.status("GET", "/v1/models", key) for _ in range(3)} != {200}:
            await house.store.ping()


async def test_an_expired_key_is_refused(house: House) -> None:
    key = await house.key("chat", expires_at=int(time.time()) + 2)
    assert await house.status("GET", "/v1/models", key) == 200
    async with asyncio.timeout(5):
        while await house.status("GET", "/v1/models", key) != 401:
            await house.store.ping()


@pytest.mark.parametrize(
    ("scopes", "method", "path", "missing"),
    [
        (["runs:read"], "POST", CHAT, "chat"),
        (["chat"], "POST", "/tools/invoke", "tools"),
        (["chat"], "GET", "/v1/runs", "runs:read"),
        (["runs:read"], "POST", "/v1/runs", "runs:write"),
        (["runs:read"], "GET", "/v1/deliveries", "deliveries:read"),
        (["deliveries:read"], "POST", "/v1/dead-letters/replay", "deliveries:write"),
        (["deliveries:write"], "DELETE", "/v1/dead-letters/run_1", "admin"),
        (["chat", "runs:write"], "GET", "/v1/keys", "admin"),
        (["chat"], "POST", "/hooks/agent", "hooks"),
    ],
)
async def test_a_key_without_the_scope_is_told_which_one(
    house: House, scopes: list[str], method: str, path: str, missing: str
) -> None:
    key = await house.key(*scopes)
    response, refusal = await house.ask(method, path, key, HELLO if method == "POST" else None)
    assert response.status == 403
    assert refusal["error"]["type"] == "forbidden"
    assert refusal["error"]["message"] == f"missing scope: {missing}"


async def test_a_key_answers_where_its_scopes_reach(house: House) -> None:
    key = await house.key("chat", "runs:write")
    response, answer = await house.ask("POST", CHAT, key, HELLO)
    assert response.status == 200
    assert answer["choices"][0]["message"]["content"] == "answer"
    assert await house.status("GET", "/v1/runs", key) == 200


async def test_an_agent_that_a_key_may_not_use_is_refused_everywhere(house: House) -> None:
    key = await house.key(agents=["beta"])
    _, models = await house.ask("GET", "/v1/models", key)
    assert [model["id"] for model in models["data"]] == ["openclaw/beta"]
    main: list[tuple[str, str, Any]] = [
        ("POST", CHAT, {**HELLO, "model": "openclaw/main"}),
        ("POST", "/v1/responses", {"model": "openclaw/main", "input": "hi"}),
        ("POST", "/v1/runs", {"input": "hi", "agent_id": "main"}),
        ("POST", "/v1/runs", {"input": "hi", "agent_id": "beta", "session_key": "agent:main:x"}),
        ("POST", "/v1/embeddings", {"model": "openclaw/main", "input": "hi"}),
        ("POST", "/tools/invoke", {"name": "session_status", "agentId": "main"}),
        ("POST", "/hooks/agent", {"message": "hi", "agentId": "main"}),
        ("POST", "/hooks/wake", {"text": "hi", "agentId": "main"}),
        ("GET", "/v1/sessions/agent%3Amain%3Ax", None),
        (
            "POST",
            "/v1/cron",
            {
                "name": "n",
                "agentId": "main",
                "schedule": {"kind": "every", "everyMs": 3_600_000},
                "payload": {"kind": "agentTurn", "message": "hi"},
            },
        ),
    ]
    for method, path, body in main:
        response, refusal = await house.ask(method, path, key, body)
        assert (response.status, refusal["error"]["code"]) == (403, "agent_not_allowed"), path
    response, _ = await house.ask("POST", CHAT, key, {**HELLO, "model": "openclaw/beta"})
    assert response.status == 200


async def test_a_key_of_a_tenant_makes_no_keys_and_sees_its_tenants_alone(house: House) -> None:
    admin = await house.make("admin", tenant="acme")
    other = await house.make("chat", tenant="beta")
    body = {"name": "more", "scopes": ["admin"]}
    response, refusal = await house.ask("POST", "/v1/keys", admin["key"], body)
    assert (response.status, refusal["error"]["code"]) == (403, "operator_only")
    _, listed = await house.ask("GET", "/v1/keys", admin["key"])
    assert [key["id"] for key in listed["data"]] == [admin["id"]]
    for method in ("GET", "DELETE"):
        response, _ = await house.ask(method, f"/v1/keys/{other['id']}", admin["key"])
        assert response.status == 404


async def test_wrong_keys_lock_a_client_out_as_wrong_secrets_do(house: House) -> None:
    key = await house.key("chat")
    wrong = key[:-4] + "AAAA"
    response, refusal = await house.ask("GET", "/v1/models", wrong)
    assert (response.status, refusal["error"]["type"]) == (401, "authentication_error")


async def test_a_hook_is_accepted_with_a_key_and_becomes_the_tenants(house: House) -> None:
    key = await house.key("hooks", "runs:read", tenant="acme")
    response, hook = await house.ask("POST", "/hooks/agent", key, {"message": "hi"})
    assert response.status == 200, hook
    _, run = await house.ask("GET", f"/v1/runs/run_{hook['runId'].removeprefix('run_')}", key)
    assert run["source"] == "hook"
    record = await house.store.runs.get(run["id"])
    assert record is not None
    assert record.tenant == "acme"
