"""Another tenant's things do not exist: every endpoint that takes an id, and every list."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import pytest

from openclaw_common.contracts.run import RunStatus
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.runtime.tracing_encoding import Origin
from openclaw_ingress.routes import route_table
from tests.integration.ingress_chat.gateway import Execution
from tests.integration.ingress_keys.house import CHAT, HELLO, SECRET, House

EVERYTHING: Final = ["chat", "hooks", "tools", "runs:write", "deliveries:write", "admin"]
NO_IDS: Final = frozenset({"/v1/models/{id:.*}"})
"""Routes whose last part names an agent, which belongs to no tenant."""
TAKING: Final[dict[str, str]] = {
    # method and path: whose id stands there
    f"GET {CHAT}/{{id}}": "completion",
    "GET /v1/responses/{id}": "response",
    "DELETE /v1/responses/{id}": "response",
    "POST /v1/responses/{id}/cancel": "response",
    "GET /v1/responses/{id}/input_items": "response",
    "GET /v1/runs/{id}": "run",
    "POST /v1/runs/{id}/cancel": "run",
    "POST /v1/runs/{id}/stop": "run",
    "POST /v1/runs/{id}/retry": "run",
    "GET /v1/runs/{id}/events": "run",
    "GET /v1/runs/{id}/trace": "run",
    "GET /v1/runs/{id}/deliveries": "run",
    "GET /v1/sessions/{key}": "session",
    "DELETE /v1/sessions/{key}": "session",
    "GET /v1/sessions/{key}/messages": "session",
    "POST /v1/sessions/{key}/reset": "session",
    "GET /sessions/{key}/history": "session",
    "POST /sessions/{key}/kill": "session",
    "GET /v1/deliveries/{id}": "delivery",
    "POST /v1/deliveries/{id}/replay": "delivery",
    "POST /v1/deliveries/{id}/cancel": "delivery",
    "GET /v1/dead-letters/{id}": "dead letter",
    "DELETE /v1/dead-letters/{id}": "dead letter",
    "POST /v1/dead-letters/{id}/replay": "dead letter",
    "GET /v1/cron/{id}": "job",
    "PATCH /v1/cron/{id}": "job",
    "DELETE /v1/cron/{id}": "job",
    "POST /v1/cron/{id}/run": "job",
    "GET /v1/cron/{id}/runs": "job",
    "GET /v1/keys/{id}": "key",
    "DELETE /v1/keys/{id}": "key",
}
OTHERWISE: Final[dict[str, str]] = {
    "GET /v1/sessions/{key}/events": "a session that is not there yet may be followed",
}
"""Routes that answer something else than 404; their own tests hold them."""
JOB: Final = {
    "id": "report",
    "name": "Report",
    "schedule": {"kind": "every", "everyMs": 3_600_000},
    "payload": {"kind": "agentTurn", "message": "hi"},
}
SESSION: Final = "agent:main:plans"


def id_routes(config: Config) -> list[str]:
    """Every route with an id in its path that asks for the gateway's authentication."""
    return [
        f"{route.method} {route.path}"
        for route in route_table(config)
        if "{" in route.path and route.scope is not None and route.path not in NO_IDS
    ]


async def furnish(house: House, key: str) -> dict[str, str]:
    """Make one of everything; return the ids."""
    run_id = await house.run(key, session_key=SESSION)
    await house.store.traces.write({run_id: Origin.of({}, "1").around([])}, Tracing())
    response, answer = await house.ask(
        "POST", "/v1/responses", key, {"model": "openclaw", "input": "hi"}
    )
    assert response.status == 200, answer
    response, job = await house.ask("POST", "/v1/cron", key, JOB)
    assert response.status == 201, job

    async def fail(run: Execution) -> None:
        await run.lease.finish(
            RunStatus.FAILED, events=[("run.failed", b'{"error":{}}')], dead=True
        )

    told, house.gateway.script = house.gateway.script, fail
    to = {"channel": "telegram", "to": "42"}
    dead_run = await house.run(key, session_key="agent:main:dead", delivery=to)
    house.gateway.script = told
    _, deliveries = await house.ask("GET", f"/v1/runs/{dead_run}/deliveries", key)
    made = await house.make("chat", tenant="acme")
    return {
        "completion": "chatcmpl_" + run_id.removeprefix("run_"),
        "response": answer["id"],
        "run": run_id,
        "session": SESSION,
        "delivery": deliveries["data"][0]["id"],
        "dead letter": dead_run,
        "job": "report",
        "key": made["id"],
    }


def path_of(row: str, ids: dict[str, str]) -> tuple[str, str]:
    """Return the method and the path of a row with the id in it."""
    method, path = row.split(" ", 1)
    front, _, rest = path.partition("{")
    return method, front + quote(ids[TAKING[row]], safe="") + rest.partition("}")[2]


def test_the_table_has_every_route_that_takes_an_id(config: Config) -> None:
    assert sorted([*TAKING, *OTHERWISE]) == sorted(id_routes(config))


async def test_another_tenants_ids_are_404_everywhere(house: House) -> None:
    acme = await house.key(*EVERYTHING, tenant="acme")
    beta = await house.key(*EVERYTHING, tenant="beta")
    nobody = await house.key("chat", "runs:write", "deliveries:write")
    ids = await furnish(house, acme)
    for row in TAKING:
        method, path = path_of(row, ids)
        body = {"enabled": False} if method == "PATCH" else None
        for key, who in ((beta, "another tenant"), (nobody, "a key of no tenant")):
            response, answer = await house.ask(method, path, key, body)
            expected = {404} if key == beta else {404, 403}
            assert response.status in expected, (row, who, response.status, answer)
    # All of it is still there, and its owner sees it.
    for row in TAKING:
        method, path = path_of(row, ids)
        if method == "GET":
            response, answer = await house.ask(method, path, acme)
            assert response.status == 200, (row, answer)


async def test_lists_show_the_own_tenants_things_alone(house: House) -> None:
    acme = await house.key(*EVERYTHING, tenant="acme")
    beta = await house.key(*EVERYTHING, tenant="beta")
    nobody = await house.key("chat", "runs:write", "deliveries:write")
    await furnish(house, acme)
    lists = ["/v1/runs", "/v1/sessions", "/v1/deliveries", "/v1/dead-letters", "/v1/cron"]
    for path in lists:
        for key in (beta, nobody):
            _, page = await house.ask("GET", path, key)
            assert page["data"] == [], path
        for key in (acme, SECRET):
            _, page = await house.ask("GET", path, key)
            assert page["data"] != [], path
    for query in ("status=completed", "status=failed", f"session_key={SESSION}", "limit=1"):
        _, page = await house.ask("GET", f"/v1/runs?{query}", beta)
        assert page["data"] == [], query
        _, page = await house.ask("GET", f"/v1/runs?{query}", acme)
        assert page["data"] != [], query
    _, replayed = await house.ask("POST", "/v1/dead-letters/replay", beta, {"filter": {}})
    assert replayed["matched"] == 0


@pytest.mark.parametrize(
    "named", [SESSION, "plans", f"tenant:acme:{SESSION}", f"agent:main:tenant:acme:{SESSION}"]
)
async def test_no_caller_speaks_in_another_tenants_session(house: House, named: str) -> None:
    acme = await house.key(*EVERYTHING, tenant="acme")
    beta = await house.key(*EVERYTHING, tenant="beta")
    await house.run(acme, session_key=SESSION)
    stored = f"tenant:acme:{SESSION}"
    before = await house.store.sessions.transcript(stored)
    assert len(before) == 2
    header: dict[str, Any] = {"headers": {"x-openclaw-session-key": named}}
    for key in (beta, SECRET):
        await house.ask("POST", CHAT, key, HELLO, **header)
        await house.run(key, session_key=named)
        body = {"name": "session_status", "sessionKey": named}
        await house.ask("POST", "/tools/invoke", key, body)
        await house.ask("POST", "/hooks/agent", key, {"message": "hi", "sessionKey": named})
    assert await house.store.sessions.transcript(stored) == before


async def test_a_tenant_sees_its_sessions_by_its_own_names(house: House) -> None:
    acme = await house.key(*EVERYTHING, tenant="acme")
    header: dict[str, Any] = {"headers": {"x-openclaw-session-key": SESSION}}
    response, _ = await house.ask("POST", CHAT, acme, HELLO, **header)
    assert response.headers["x-openclaw-session-key"] == SESSION
    _, run = await house.ask("GET", f"/v1/runs/{response.headers['x-run-id']}", acme)
    assert run["session_key"] == SESSION
    _, session = await house.ask("GET", f"/v1/sessions/{quote(SESSION, safe='')}", acme)
    assert session["key"] == SESSION
    _, page = await house.ask("GET", "/v1/sessions", acme)
    assert [each["key"] for each in page["data"]] == [SESSION]
    stored = quote(f"tenant:acme:{SESSION}", safe="")
    operator, session = await house.ask("GET", f"/v1/sessions/{stored}")
    assert (operator.status, session["key"]) == (200, f"tenant:acme:{SESSION}")


async def test_equal_idempotency_keys_of_two_tenants_are_two_runs(house: House) -> None:
    acme = await house.key(*EVERYTHING, tenant="acme")
    again = await house.key(*EVERYTHING, tenant="acme")
    beta = await house.key(*EVERYTHING, tenant="beta")
    header: dict[str, Any] = {"headers": {"Idempotency-Key": "k1"}}
    runs = []
    for key in (acme, again, beta, SECRET):
        _, run = await house.ask("POST", "/v1/runs", key, {"input": "hi"}, **header)
        runs.append(run["id"])
    assert runs[0] == runs[1]
    assert len(set(runs)) == 3


async def test_what_nobody_in_particular_owns_keeps_its_names(house: House) -> None:
    run_id = await house.run(SECRET, session_key=SESSION)
    record = await house.store.runs.get(run_id)
    assert record is not None
    assert (record.session_key, record.tenant) == (SESSION, "")


async def test_a_job_of_a_tenant_runs_in_the_tenant(house: House) -> None:
    acme = await house.key(*EVERYTHING, tenant="acme")
    _, job = await house.ask("POST", "/v1/cron", acme, JOB)
    assert job["id"] == "report"
    response, fired = await house.ask("POST", "/v1/cron/report/run", acme)
    assert response.status == 202, fired
    record = await house.store.runs.get(fired["runId"])
    assert record is not None
    assert record.tenant == "acme"
