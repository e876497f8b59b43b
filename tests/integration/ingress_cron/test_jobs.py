"""`/v1/cron`: jobs are made, shown, paused and deleted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.automation.cron_scheduler import CronScheduler
from openclaw_common.runtime.config.cron import CronJob
from openclaw_common.store.schedule import Origin
from tests.integration.ingress_cron.conftest import JOB, Gateway


async def test_a_job_that_was_made_can_be_read_and_is_due(gateway: Gateway) -> None:
    status, job = await gateway.ask("POST", json=JOB)
    assert status == 201
    assert (job["id"], job["object"], job["origin"]) == ("j", "cron_job", "api")
    assert (job["agentId"], job["enabled"], job["missed"]) == ("main", True, "once")
    assert job["state"]["nextRunAtMs"] == job["schedule"]["anchorMs"] + 3_600_000
    assert await gateway.ask("GET", "/j") == (200, job)


async def test_the_same_job_again_is_the_same_job(gateway: Gateway) -> None:
    job = await gateway.make()
    assert await gateway.ask("POST", json=JOB) == (200, job)


async def test_another_job_with_its_id_is_a_conflict(gateway: Gateway) -> None:
    await gateway.make()
    status, body = await gateway.ask("POST", json={**JOB, "name": "other"})
    assert (status, body["error"]["code"]) == (409, "cron_job_exists")


async def test_a_job_without_an_id_gets_one(gateway: Gateway) -> None:
    ids = {(await gateway.make(id=None))["id"] for _ in range(2)}
    assert len(ids) == 2


async def test_the_list_goes_from_new_to_old_in_pages(gateway: Gateway) -> None:
    for number in range(5):
        await gateway.make(id=f"j{number}")
    seen: list[str] = []
    more, after = True, ""
    while more:
        _, page = await gateway.ask("GET", f"?limit=2{after}")
        assert page["object"] == "list"
        seen += [job["id"] for job in page["data"]]
        more, after = page["has_more"], f"&after={page['last_id']}"
    assert seen == ["j4", "j3", "j2", "j1", "j0"]
    _, page = await gateway.ask("GET", "?limit=2&before=j1")
    assert ([job["id"] for job in page["data"]], page["has_more"]) == (["j3", "j2"], True)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?limit=x", "?after=nobody"])
async def test_a_page_that_there_is_not(gateway: Gateway, query: str) -> None:
    status, body = await gateway.ask("GET", query)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")


async def test_a_paused_job_is_not_due_until_it_goes_on(gateway: Gateway) -> None:
    await gateway.make()
    status, job = await gateway.ask("PATCH", "/j", json={"enabled": False})
    assert (status, job["enabled"], job["state"]["nextRunAtMs"]) == (200, False, None)
    status, job = await gateway.ask("PATCH", "/j", json={"enabled": True})
    assert (status, job["enabled"]) == (200, True)
    assert job["state"]["nextRunAtMs"] == job["schedule"]["anchorMs"] + 3_600_000


async def test_a_job_made_paused_is_not_due(gateway: Gateway) -> None:
    job = await gateway.make(enabled=False)
    assert job["state"]["nextRunAtMs"] is None


@pytest.mark.parametrize("body", [{}, {"enabled": 1}, {"name": "x"}, {"enabled": True, "name": 1}])
async def test_nothing_else_can_be_changed(gateway: Gateway, body: dict[str, Any]) -> None:
    await gateway.make()
    status, answer = await gateway.ask("PATCH", "/j", json=body)
    assert (status, answer["error"]["param"]) == (400, "enabled")


async def test_a_deleted_job_is_gone(gateway: Gateway) -> None:
    await gateway.make()
    deleted = {"id": "j", "object": "cron_job", "deleted": True}
    assert await gateway.ask("DELETE", "/j") == (200, deleted)
    assert await gateway.store.schedule.names("cron") == set()
    for method, path in (("GET", "/j"), ("DELETE", "/j"), ("GET", "/j/runs"), ("POST", "/j/run")):
        status, body = await gateway.ask(method, path)
        assert (status, body["error"]["code"]) == (404, "cron_job_not_found"), path


async def test_a_configured_job_can_be_paused_but_not_deleted(gateway: Gateway) -> None:
    scheduler = CronScheduler(gateway.config, gateway.store)
    await scheduler.put("j", CronJob.model_validate(JOB), Origin.CONFIG)
    status, body = await gateway.ask("DELETE", "/j")
    assert (status, body["error"]["code"]) == (409, "cron_job_configured")
    assert "configuration" in body["error"]["message"]
    status, job = await gateway.ask("PATCH", "/j", json={"enabled": False})
    assert (status, job["origin"], job["enabled"]) == (200, "config", False)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"schedule": {"kind": "cron"}}, "schedule"),
        ({"schedule": {"kind": "cron", "expr": "61 * * * *"}}, "schedule.expr"),
        ({"schedule": {"kind": "cron", "expr": "0 7 * * *", "tz": "Mars/Base"}}, "schedule.tz"),
        ({"schedule": {"kind": "every", "everyMs": 10}}, "schedule.everyMs"),
        ({"schedule": {"kind": "at", "at": "soon"}}, "schedule"),
        ({"schedule": {"kind": "at", "at": "2020-01-01T00:00:00Z"}}, "schedule.at"),
        ({"schedule": {"kind": "sometimes"}}, "schedule.kind"),
        ({"payload": {"kind": "agentTurn"}}, "payload"),
        ({"payload": {"kind": "agentTurn", "message": " "}}, "payload.message"),
        ({"payload": {"kind": "agentTurn", "message": "m", "model": "x/y"}}, "payload.model"),
        ({"agentId": "nobody"}, "agentId"),
        ({"agentId": "beta", "sessionKey": "agent:main:x"}, "agentId"),
        ({"sessionKey": "agent:main:cron:x"}, "sessionKey"),
        ({"sessionKey": "k" * 513}, "sessionKey"),
        ({"sessionKey": " "}, "sessionKey"),
        ({"schedule": {"kind": "every", "everyMs": 2**53}}, "schedule.everyMs"),
        ({"schedule": {**JOB["schedule"], "anchorMs": 2**53}}, "schedule.anchorMs"),
        ({"schedule": {"kind": "at", "at": "9" * 40}}, "schedule"),
        ({"schedule": {"kind": "at", "at": 10**16}}, "schedule"),
        ({"schedule": {"kind": "cron", "expr": f"0 0 * * {'1,' * 128}1"}}, "schedule.expr"),
        ({"payload": {**JOB["payload"], "timeoutSeconds": 2**53}}, "payload.timeoutSeconds"),
        ({"delivery": {"channel": "telegrm", "to": "1"}}, "delivery.channel"),
        ({"id": "a/b"}, "id"),
    ],
)
async def test_what_is_wrong_with_a_job_is_told(
    gateway: Gateway, fields: dict[str, Any], param: str
) -> None:
    status, body = await gateway.ask("POST", json={**JOB, **fields})
    assert (status, body["error"]["type"]) == (400, "invalid_request_error"), body
    assert body["error"]["param"] == param, body


@pytest.mark.parametrize(
    "fields",
    [
        {"sessionTarget": "main"},
        {"sessionTarget": "everywhere"},
        {"payload": {"kind": "systemEvent", "text": "x"}, "sessionTarget": "isolated"},
        {"mised": "all"},
        {"schedule": {"kind": "every", "everyMs": 3_600_000, "evry": 1}},
    ],
)
async def test_what_does_not_go_together_is_refused(
    gateway: Gateway, fields: dict[str, Any]
) -> None:
    status, body = await gateway.ask("POST", json={**JOB, **fields})
    assert (status, body["error"]["type"]) == (400, "invalid_request_error"), body


async def test_a_job_that_was_read_can_be_made_again(gateway: Gateway) -> None:
    job = await gateway.make()
    await gateway.ask("DELETE", "/j")
    status, again = await gateway.ask("POST", json=job)
    assert (status, again["schedule"]) == (201, job["schedule"])


class TestLimits:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"cron": {"maxJobs": 2, "maxJobBytes": 500}}

    async def test_so_many_jobs_and_no_more_also_at_once(self, gateway: Gateway) -> None:
        made = await asyncio.gather(
            *(gateway.ask("POST", json={**JOB, "id": f"j{number}"}) for number in range(6))
        )
        assert sorted(status for status, _ in made) == [201, 201, 409, 409, 409, 409]

    async def test_a_job_that_is_too_large(self, gateway: Gateway) -> None:
        status, _ = await gateway.ask("POST", json={**JOB, "name": "n" * 500})
        assert status == 413


class TestOff:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"cron": {"enabled": False}}

    async def test_there_is_no_such_path(self, gateway: Gateway) -> None:
        assert (await gateway.ask("GET"))[0] == 404


async def test_without_the_token_nobody_gets_in(gateway: Gateway) -> None:
    async with gateway.client.get(f"{gateway.url}/v1/cron") as answer:
        assert answer.status == 401
